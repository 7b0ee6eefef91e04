import { findAgent } from '../db/repositories/agents.ts'
import { findHeldBranch } from '../db/repositories/held-branches.ts'
import { findProject, type Project } from '../db/repositories/projects.ts'
import { lastEvents, type SessionEvent } from '../db/repositories/session-events.ts'
import { type Session, sessionsOfTask } from '../db/repositories/sessions.ts'
import type { Task } from '../db/repositories/tasks.ts'
import type { Gate } from '../domain/gates.ts'
import { isLive } from '../domain/session.ts'
import { explainTask } from '../orchestrator/explain-task.ts'
import type { Orchestrator } from '../orchestrator/orchestrator.ts'
import { renderConnectAgent } from '../presenter/reply.ts'
import type { SessionReceipt, StatusEvent, StatusView } from '../presenter/status-view.ts'
import { isStatusEventKind, type StatusEventKind } from '../presenter/words.ts'

/** Events of the database that people know by another name. */
const KIND: Record<string, StatusEventKind> = {
  commits_published: 'pushed',
  commits_held: 'pushed',
}
const SHOWN_EVENTS = 8

/** Reads everything that the status comment of a task shows. */
export async function statusView(orchestrator: Orchestrator, task: Task): Promise<StatusView> {
  const { db } = orchestrator
  const project = await findProject(db, task.projectId)
  if (project === undefined) throw new Error(`task ${task.id} has no project`)
  const sessions = await sessionsOfTask(db, task.id)
  const last = sessions.at(-1)
  const live = last && isLive(last.status) ? last : undefined
  const names = await agentNames(orchestrator, sessions)
  const spent = live ? live.tokensInput + live.tokensOutput + live.tokensCacheRead + live.tokensCacheWrite : 0
  const gates = await explainTask(orchestrator, task)
  return {
    task: {
      id: task.id,
      number: task.number,
      status: task.status,
      requested: task.requested,
      pauseReason: task.pauseReason,
      frozen: task.frozen,
      merged: task.mergedAt !== null,
      because: task.statusBecause,
      wakeAt: task.wakeAt,
    },
    triggerLabel: project.config.trigger.label,
    // approved ones are on their way
    held: task.status === 'review' && task.needsHuman && (await findHeldBranch(db, task.id)) !== undefined,
    contextIsOlder: live !== undefined && task.issueUpdatedAt > live.createdAt && editedSince(task),
    agent: last ? (names.get(last.agentId) ?? null) : null,
    model: last?.model ?? null,
    branch: branchOf(orchestrator, project, task),
    pullRequest:
      task.pullRequestNumber === null
        ? null
        : { number: task.pullRequestNumber, url: task.pullRequestUrl ?? '' },
    progress: live ? { percent: live.percent, message: live.message, at: live.leaseUntil } : null,
    spent: { tokens: task.tokensUsed + spent, costMicroUsd: task.costMicroUsd + (live?.costMicroUsd ?? 0) },
    gates,
    connect: connectText(orchestrator, project, task, gates),
    question: questionOf(task, last, names),
    result: task.status === 'review' || task.status === 'done' ? task.result : null,
    configProblem: project.configError,
    events: (await lastEvents(db, task.id, 3 * SHOWN_EVENTS)).flatMap(statusEvent).slice(-SHOWN_EVENTS),
    sessions: sessions.filter((session) => !isLive(session.status)).map((session) => receipt(session, names)),
  }
}

/** A project without agents is told how to get one: in the comment that answers the request. */
function connectText(
  orchestrator: Orchestrator,
  project: Project,
  task: Task,
  gates: readonly Gate[],
): string | null {
  const lacksAgents = gates.some((gate) => gate.name === 'no_agent' && gate.holds)
  if (task.status !== 'ready' || !lacksAgents) return null
  const { ownerLogin: owner, name } = project
  return renderConnectAgent({ owner, name, serverUrl: orchestrator.publicUrl })
}

function editedSince(task: Task): boolean {
  return task.approvalLost || task.sourcesSha256 !== task.approvedSha256
}

function branchOf(orchestrator: Orchestrator, project: Project, task: Task): StatusView['branch'] {
  if (task.branch === null) return null
  const url = `${orchestrator.githubUrl}/${project.ownerLogin}/${project.name}/tree/${task.branch}`
  return { name: task.branch, url: task.headSha === null ? null : url }
}

function questionOf(
  task: Task,
  last: Session | undefined,
  names: ReadonlyMap<number, string>,
): StatusView['question'] {
  if (task.pauseReason !== 'clarification' || !last?.question) return null
  return { agent: names.get(last.agentId) ?? 'The agent', text: last.question }
}

async function agentNames(
  orchestrator: Orchestrator,
  sessions: readonly Session[],
): Promise<Map<number, string>> {
  const ids = [...new Set(sessions.map((session) => session.agentId))]
  const agents = await Promise.all(ids.map((id) => findAgent(orchestrator.db, id)))
  return new Map(agents.flatMap((agent) => (agent ? [[agent.id, agent.name]] : [])))
}

function statusEvent(event: SessionEvent): StatusEvent[] {
  const kind = KIND[event.kind] ?? event.kind
  // progress is shown as such, and the events of a session repeat those of its task
  if (!isStatusEventKind(kind) || kind === 'progressed') return []
  const text = (key: string): string | null => {
    const value = event.detail[key]
    return typeof value === 'string' ? value : null
  }
  const detail = kind === 'pushed' ? (text('sha')?.slice(0, 12) ?? null) : null
  return [{ at: event.at, kind, by: text('by'), detail }]
}

function receipt(session: Session, names: ReadonlyMap<number, string>): SessionReceipt {
  return {
    attempt: session.attempt,
    agent: names.get(session.agentId) ?? 'an agent',
    mode: session.mode,
    model: session.model,
    status: session.status,
    failure: session.failure,
    failureDetail: session.failureDetail,
    tokens: {
      input: session.tokensInput,
      output: session.tokensOutput,
      cacheRead: session.tokensCacheRead,
      cacheWrite: session.tokensCacheWrite,
    },
    costMicroUsd: session.costMicroUsd,
    createdAt: session.createdAt,
    endedAt: session.endedAt,
    contextSha256: session.contextSha256,
  }
}
