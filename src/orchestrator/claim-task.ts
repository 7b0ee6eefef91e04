import { createHash } from 'node:crypto'
import {
  type Agent,
  findAgent,
  findProjectAgent,
  lockAgent,
  refreshAgentStatus,
} from '../db/repositories/agents.ts'
import { sourcesOfTask } from '../db/repositories/context-sources.ts'
import { lockProject, type Project } from '../db/repositories/projects.ts'
import {
  countLiveSessions,
  insertSession,
  latestSessionOfTask,
  lockLiveSessionOfTask,
  type NewSession,
  type Session,
} from '../db/repositories/sessions.ts'
import { findTask, lockClaimableTask, type Task } from '../db/repositories/tasks.ts'
import { branchName } from '../domain/branch.ts'
import { priorities } from '../domain/labels.ts'
import { nextMode } from '../domain/task.ts'
import { sha256 } from '../runtime/keys.ts'
import { applyTaskEvent } from './apply-task-event.ts'
import {
  CHANNELS,
  inTransaction,
  type Orchestrator,
  type Refusal,
  refuse,
  type Unit,
} from './orchestrator.ts'
import { renderContext } from './render-context.ts'
import { fromRows, type TaskSources } from './sources.ts'

/** Which agent takes which task, reached by which channel. */
export interface Claim {
  /** Tasks of one project, best first: the first that is still claimable is taken. */
  taskIds: readonly number[]
  agentId: number
  channel: string
}

/**
 * Takes a task for an agent: session, lease, branch, agent slot and rendered context in one transaction that
 * needs no network. At most one live session per task, whatever races. Losing a gate is a refusal, and the
 * task stays ready. Locks: project, agent, then the task without waiting.
 */
export async function claimTask(
  orchestrator: Orchestrator,
  claim: Claim,
): Promise<{ ok: true; session: Session } | Refusal> {
  return inTransaction(orchestrator, 'claim-task', async (unit) => {
    const gates = await passGates(unit, claim)
    if (!gates.ok) return gates
    const { project, agent, task, ownerMayWrite } = gates
    const sources = fromRows(await sourcesOfTask(unit.trx, task.id))
    const terms = await sessionTerms(orchestrator, unit, { project, agent, task, sources })
    const fence = task.fence + 1
    const session = await insertSession(unit.trx, {
      ...terms,
      channel: claim.channel,
      fence,
      holdPublishing: project.config.publish === 'after_approval' || !ownerMayWrite,
    })
    const applied = await applyTaskEvent(unit, task, {
      event: 'claimed',
      actor: agent.name,
      sessionId: session.id,
      changes: { fence, branch: session.branch, assignedAgentId: agent.id },
      detail: { agent: agent.name, channel: claim.channel, attempt: session.attempt, mode: session.mode },
    })
    if (!applied.ok) throw new Error(`claimed was refused: ${applied.reason}`)
    await refreshAgentStatus(unit.trx, agent.id)
    unit.notifyAfter(CHANNELS.assignment, agent.id)
    return { ok: true, session }
  })
}

type Gates = { ok: true; project: Project; agent: Agent; task: Task; ownerMayWrite: boolean } | Refusal

async function passGates(unit: Unit, claim: Claim): Promise<Gates> {
  const [first] = claim.taskIds
  const seen = first === undefined ? undefined : await findTask(unit.trx, first)
  const project = seen && (await lockProject(unit.trx, seen.projectId))
  if (project === undefined) return refuse('not_found', 'There is no such task.')
  if (project.status !== 'active' || project.frozenBecause !== null) {
    return refuse('project_inactive', 'The project takes no work now.')
  }
  const live = await countLiveSessions(unit.trx, { projectId: project.id })
  if (live >= project.config.limits.concurrent_sessions) {
    return refuse('concurrency', `The project runs ${live} sessions, its limit.`)
  }
  const agent = await lockAgent(unit.trx, claim.agentId)
  if (agent === undefined || agent.removedAt !== null) return refuse('agent_removed', 'The agent is gone.')
  if (agent.status === 'pending_claim') return refuse('agent_unclaimed', 'Nobody has claimed the agent yet.')
  const connection = await findProjectAgent(unit.trx, project.id, agent.id)
  if (connection === undefined) return refuse('not_connected', 'The agent is not connected to this project.')
  if ((await countLiveSessions(unit.trx, { agentId: agent.id })) >= agent.maxConcurrent) {
    return refuse('agents_busy', 'The agent is busy.')
  }
  const task = await lockClaimableTask(unit.trx, project.id, claim.taskIds, unit.now)
  if (task === undefined) return refuse('not_claimable', 'The task was taken, or may not be claimed now.')
  if (task.requestedAgent !== null && task.requestedAgent !== agent.name) {
    return refuse('other_agent', `The task asks for ${task.requestedAgent}.`)
  }
  if (await lockLiveSessionOfTask(unit.trx, task.id)) {
    return refuse('live_session', 'The last session of this task is still stopping.')
  }
  return { ok: true, project, agent, task, ownerMayWrite: connection.ownerMayWrite }
}

interface Parties {
  project: Project
  agent: Agent
  task: Task
  sources: TaskSources
}

/** What the session is promised: branch, budget, times, context. Later changes of the config do not reach it. */
async function sessionTerms(
  orchestrator: Orchestrator,
  unit: Unit,
  { project, agent, task, sources }: Parties,
): Promise<Omit<NewSession, 'channel' | 'fence' | 'holdPublishing'>> {
  const { limits, workspace, paths, context: contextRules } = project.config
  const branch = task.branch ?? branchName({ agent: agent.name, title: task.title, issue: task.number })
  const tokenBudget = Math.min(limits.token_budget, agent.tokenBudget ?? limits.token_budget)
  const previous = await latestSessionOfTask(unit.trx, task.id)
  const previousAgent = previous && (await findAgent(unit.trx, previous.agentId))
  // whatever ended the last session: published commits are gone on with
  const mode = nextMode({
    fromReview: task.nextMode === 'revise',
    publishedCommits: task.headSha !== null,
  })
  const context = renderContext({
    task: { ...task, nextMode: mode },
    project,
    branch,
    tokenBudget,
    sources,
    previous: previous && previousAgent ? { session: previous, agent: previousAgent } : null,
    githubUrl: orchestrator.githubUrl,
    marker: markerOf(orchestrator, task),
  })
  const seconds = (count: number): Date => new Date(unit.now.getTime() + count * 1000)
  const wallClockSeconds = limits.session_minutes * 60
  return {
    taskId: task.id,
    projectId: project.id,
    agentId: agent.id,
    attempt: task.attempts + 1,
    mode,
    model: modelFor(project, agent, task),
    branch,
    baseBranch: project.defaultBranch,
    startSha: task.headSha ?? sources.base.sha,
    terms: JSON.stringify({
      setup: workspace.setup,
      verify: workspace.verify,
      allow: paths.allow,
      protect: paths.protect,
      pushBytes: limits.push_megabytes * 1_000_000,
      pushFiles: limits.push_files,
      repository: `${project.ownerLogin}/${project.name}`,
      contextFile: contextRules.file,
    }),
    context: context.markdown,
    contextSha256: sha256(context.markdown),
    contextTokens: context.tokens,
    tokenBudget,
    wallClockSeconds,
    acknowledgeBy: seconds(unit.policy.acknowledgeSeconds),
    leaseUntil: seconds(unit.policy.leaseSeconds),
    // the runner keeps the wall clock; the server's is a minute later, for a runner that does not
    deadline: seconds(wallClockSeconds + 60),
  }
}

/** The project's model for this agent's provider; urgent tasks get the strong one. */
function modelFor(project: Project, agent: Agent, task: Task): string | null {
  const models = project.config.models[agent.provider]
  const urgent = priorities[task.priority] === 'urgent'
  return (urgent ? (models?.urgent ?? models?.default) : models?.default) ?? null
}

/** Unpredictable for writers of issues (it depends on a server secret), and new for every session. */
function markerOf(orchestrator: Orchestrator, task: Task): string {
  const secret = orchestrator.keys.sessionToken(task.id, task.fence + 1)
  return createHash('sha256').update(`marker ${secret}`).digest('hex').slice(0, 24)
}
