import {
  agentsOfProject,
  type ClaimableTask,
  claimableTasks,
  type FreeAgent,
} from '../db/repositories/claims.ts'
import { readSetting } from '../db/repositories/server-settings.ts'
import { priorities } from '../domain/labels.ts'
import { type Match, type MatchAgent, type MatchTask, rankAgents } from '../domain/matching.ts'
import { claimTask } from './claim-task.ts'
import type { Orchestrator } from './orchestrator.ts'

/** Sockets are the channel of this server version; the others join here. */
const CHANNEL = 'websocket'

/**
 * Gives claimable tasks to free, connected agents, best first: one task, or all that one agent could take, or
 * all there are. Losing a race is normal and leaves the task to whoever won. Answers the sessions made.
 */
export async function dispatch(
  orchestrator: Orchestrator,
  only: { taskId?: number; agentId?: number } = {},
): Promise<number[]> {
  if ((await readSetting(orchestrator.db, DISPATCH_SETTING))?.stopped === true) return []
  const now = orchestrator.clock.now()
  const made: number[] = []
  const agents = new Map<number, FreeAgent[]>()
  for (const task of await claimableTasks(orchestrator.db, only, now)) {
    if (!task.config.dispatch.channels.includes(CHANNEL)) continue
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

/** The key of the setting that stops all dispatch on the server. */
export const DISPATCH_SETTING = 'dispatch'

async function give(
  orchestrator: Orchestrator,
  task: ClaimableTask,
  agents: FreeAgent[],
  now: Date,
): Promise<number | null> {
  const liveSessions = new Map([[String(task.projectId), task.liveSessionsOfProject]])
  const ranked = rankAgents(
    matchTask(task, agents),
    agents.map((agent) => matchAgent(agent, task.projectId)),
    { now: now.getTime(), liveSessions },
  )
  for (const candidate of lastThosePassing(ranked, task.passedBy)) {
    const agent = agents.find((one) => String(one.id) === candidate.agent.id)
    if (agent === undefined) continue
    const claim = await claimTask(orchestrator, { taskId: task.id, agentId: agent.id, channel: CHANNEL })
    if (claim.ok) {
      agent.liveSessions += 1
      return claim.session.id
    }
    if (claim.code !== 'agents_busy' && claim.code !== 'agent_removed') return null
  }
  return null
}

/** Who can take it, best first; those who have just not taken it come last, or one silent agent would hold it for ever. */
function lastThosePassing(ranked: readonly Match[], passedBy: readonly number[]): Match[] {
  const turn = ({ agent }: Match): number => passedBy.indexOf(Number(agent.id))
  return ranked.filter((candidate) => candidate.eligible).sort((a, b) => turn(a) - turn(b))
}

/** The task as the ranking sees it. */
function matchTask(task: ClaimableTask, agents: readonly FreeAgent[]): MatchTask {
  return {
    id: String(task.id),
    project: String(task.projectId),
    priority: priorities[task.priority] ?? 'medium',
    requested: task.requested,
    neededCapabilities: task.capabilities,
    requestedAgent: task.requestedAgent ?? task.config.agents.default,
    preferredAgent: agents.find((agent) => agent.id === task.assignedAgentId)?.name ?? null,
    providers: null,
    estimatedTokens: task.estimatedTokens,
    readySince: task.createdAt.getTime(),
  }
}

/** An agent as the ranking sees it; it was read as connected to this project. */
function matchAgent(agent: FreeAgent, projectId: number): MatchAgent {
  return {
    id: String(agent.id),
    name: agent.name,
    capabilities: agent.capabilities,
    provider: agent.provider,
    freeSlots: agent.maxConcurrent - agent.liveSessions,
    tokenBudget: agent.tokenBudget,
    projects: new Set([String(projectId)]),
  }
}
