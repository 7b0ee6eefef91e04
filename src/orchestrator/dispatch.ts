import { type AgentLoad, agentsOfProject, findAgentLoad } from '../db/repositories/agent-load.ts'
import {
  type ClaimableTask,
  claimableTask,
  claimableTasks,
  claimableTasksFor,
} from '../db/repositories/claims.ts'
import { readSetting } from '../db/repositories/server-settings.ts'
import { priorities } from '../domain/labels.ts'
import {
  type Match,
  type MatchAgent,
  type MatchSituation,
  type MatchTask,
  rankAgents,
  rankTasks,
} from '../domain/matching.ts'
import { claimTask } from './claim-task.ts'
import type { Orchestrator } from './orchestrator.ts'

/** Sockets are the channel of this server version; the others join here. */
const CHANNEL = 'websocket'
/** Under contention an empty answer is no proof that there is no work: others have taken all that was seen. */
const LOOKS = 2

/** The key of the setting that stops all dispatch on the server. */
export const DISPATCH_SETTING = 'dispatch'

/**
 * Gives claimable tasks to free, connected agents, best first: one task to the best agent, or to one agent its best
 * tasks, or all there are. Losing a race is normal and leaves the task to whoever won. Answers the sessions made.
 */
export async function dispatch(
  orchestrator: Orchestrator,
  only: { taskId?: number; agentId?: number } = {},
): Promise<number[]> {
  if ((await readSetting(orchestrator.db, DISPATCH_SETTING))?.stopped === true) return []
  const now = orchestrator.clock.now()
  if (only.agentId !== undefined) return dispatchAgent(orchestrator, only.agentId, now)
  if (only.taskId === undefined) {
    return dispatchTasks(orchestrator, await claimableTasks(orchestrator.db, now), now)
  }
  const task = await claimableTask(orchestrator.db, only.taskId, now)
  return task === undefined ? [] : dispatchTasks(orchestrator, [task], now)
}

/** Each task to the best agent that is free. */
async function dispatchTasks(
  orchestrator: Orchestrator,
  tasks: readonly ClaimableTask[],
  now: Date,
): Promise<number[]> {
  const made: number[] = []
  const agents = new Map<number, AgentLoad[]>()
  for (const task of tasks.filter(isReachable)) {
    let known = agents.get(task.projectId)
    if (known === undefined) {
      known = (await agentsOfProject(orchestrator.db, task.projectId)).filter((agent) => agent.connected)
      agents.set(task.projectId, known)
    }
    const session = await give(orchestrator, task, known, now)
    if (session !== null) made.push(session)
  }
  return made
}

async function give(
  orchestrator: Orchestrator,
  task: ClaimableTask,
  agents: AgentLoad[],
  now: Date,
): Promise<number | null> {
  const ranked = rankAgents(
    matchTask(task, agents),
    agents.map((agent) => matchAgent(agent, [task.projectId])),
    situation([task], now),
  )
  for (const candidate of lastThosePassing(ranked, task.passedBy)) {
    const agent = agents.find((one) => String(one.id) === candidate.agent.id)
    if (agent === undefined) continue
    const claim = await claimTask(orchestrator, { taskIds: [task.id], agentId: agent.id, channel: CHANNEL })
    if (claim.ok) {
      agent.liveSessions += 1
      return claim.session.id
    }
    if (claim.code !== 'agents_busy' && claim.code !== 'agent_removed') return null
  }
  return null
}

/**
 * To one agent its best tasks, until it is full. A task that it has just not taken is left to the look at all tasks,
 * which asks the others first.
 */
async function dispatchAgent(orchestrator: Orchestrator, agentId: number, now: Date): Promise<number[]> {
  const made: number[] = []
  const agent = await findAgentLoad(orchestrator.db, agentId)
  if (agent === undefined || !agent.connected) return made
  for (let look = 0; look < LOOKS && agent.liveSessions < agent.maxConcurrent; look += 1) {
    const seen = await claimableTasksFor(orchestrator.db, agent.id, now)
    const tasks = seen.filter((task) => isReachable(task) && !task.passedBy.includes(agent.id))
    const taken = await takeBest(orchestrator, agent, tasks, now)
    made.push(...taken.sessions)
    if (!taken.lost) break
  }
  return made
}

/** `lost`: others took what was seen before this agent was full. */
async function takeBest(
  orchestrator: Orchestrator,
  agent: AgentLoad,
  tasks: ClaimableTask[],
  now: Date,
): Promise<{ sessions: number[]; lost: boolean }> {
  const sessions: number[] = []
  let lost = false
  let left = tasks
  while (left.length > 0 && agent.liveSessions < agent.maxConcurrent) {
    const ranked = rankTasks(
      matchAgent(
        agent,
        left.map(({ projectId }) => projectId),
      ),
      left.map((task) => matchTask(task, [agent])),
      situation(left, now),
    ).filter((candidate) => candidate.eligible)
    const [best] = ranked
    if (best === undefined) break
    // one project at a time, for a claim locks its project; of it the best that is still there when it is our turn
    const ofProject = ranked.filter(({ task }) => task.project === best.task.project)
    const taskIds = ofProject.map(({ task }) => Number(task.id))
    const claim = await claimTask(orchestrator, { taskIds, agentId: agent.id, channel: CHANNEL })
    if (claim.ok) {
      const { id, taskId, projectId } = claim.session
      sessions.push(id)
      agent.liveSessions += 1
      left = left.filter((task) => task.id !== taskId)
      for (const task of left) if (task.projectId === projectId) task.liveSessionsOfProject += 1
    } else {
      if (claim.code === 'agents_busy' || claim.code === 'agent_removed') break
      lost ||= claim.code === 'not_claimable'
      left = left.filter((task) => String(task.projectId) !== best.task.project)
    }
  }
  return { sessions, lost }
}

/** Who can take it, best first; those who have just not taken it come last, or one silent agent would hold it for ever. */
function lastThosePassing(ranked: readonly Match[], passedBy: readonly number[]): Match[] {
  const turn = ({ agent }: Match): number => passedBy.indexOf(Number(agent.id))
  return ranked.filter((candidate) => candidate.eligible).sort((a, b) => turn(a) - turn(b))
}

const isReachable = (task: ClaimableTask): boolean => task.channels.includes(CHANNEL)

function situation(tasks: readonly ClaimableTask[], now: Date): MatchSituation {
  const liveSessions = new Map(tasks.map((task) => [String(task.projectId), task.liveSessionsOfProject]))
  return { now: now.getTime(), liveSessions }
}

/** The task as the ranking sees it. */
function matchTask(task: ClaimableTask, agents: readonly AgentLoad[]): MatchTask {
  return {
    id: String(task.id),
    project: String(task.projectId),
    priority: priorities[task.priority] ?? 'medium',
    requested: task.requested,
    neededCapabilities: task.capabilities,
    requestedAgent: task.requestedAgent ?? task.defaultAgent,
    preferredAgent: agents.find((agent) => agent.id === task.assignedAgentId)?.name ?? null,
    providers: null,
    estimatedTokens: task.estimatedTokens,
    readySince: task.createdAt.getTime(),
  }
}

/** An agent as the ranking sees it; it was read as connected to these projects. */
function matchAgent(agent: AgentLoad, projectIds: readonly number[]): MatchAgent {
  return {
    id: String(agent.id),
    name: agent.name,
    capabilities: agent.capabilities,
    provider: agent.provider,
    freeSlots: agent.maxConcurrent - agent.liveSessions,
    tokenBudget: agent.tokenBudget,
    projects: new Set(projectIds.map(String)),
  }
}
