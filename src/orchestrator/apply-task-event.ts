import { appendEvent } from '../db/repositories/session-events.ts'
import { lockLiveSessionOfTask, type Session, updateSession } from '../db/repositories/sessions.ts'
import { type Task, type TaskChanges, updateTask } from '../db/repositories/tasks.ts'
import { type TaskEvent, type TaskMove, type TaskState, transition } from '../domain/task.ts'
import { endSession } from './end-session.ts'
import { CHANNELS, type Refusal, refuse, type Unit } from './orchestrator.ts'

/** What happened, by whom, and what else it changes in the task. */
export interface TaskHappening {
  event: TaskEvent
  actor: string
  changes?: TaskChanges
  /** Replaces the table's sentence where the event has a reason of its own. */
  because?: string
  detail?: Record<string, unknown>
  sessionId?: number
}

/** The state that the transition table reads. */
export function stateOf(task: Task): TaskState {
  return {
    status: task.status,
    requested: task.requested,
    issueOpen: task.issueOpen,
    pauseReason: task.pauseReason,
    frozen: task.frozen,
    needsHuman: task.needsHuman,
    hasPullRequest: task.pullRequestNumber !== null,
    merged: task.mergedAt !== null,
    approvalLost: task.approvalLost,
  }
}

/**
 * The one place where a task changes state. The task must be locked by this transaction. Asks the table,
 * writes what it says, stops the live session where it says so, appends to the history, lets the projector
 * and whoever waits know, and has missing sources gathered. An illegal event changes nothing and answers with its reason.
 */
export async function applyTaskEvent(
  unit: Unit,
  task: Task,
  happening: TaskHappening,
): Promise<{ ok: true; task: Task; move: TaskMove } | Refusal> {
  const state = { ...stateOf(task), ...overrides(happening.changes) }
  const move = transition(state, happening.event)
  if (!move.ok) return refuse(move.code, move.reason)
  const because = happening.because ?? move.why
  const statusChanged = move.status !== task.status
  const changed = await updateTask(unit.trx, task.id, {
    attempts: move.resetsAttempts ? 0 : task.attempts + (move.countsAttempt ? 1 : 0),
    ...(move.resetsAttempts ? { notBefore: unit.now } : {}),
    ...(move.countsRevision ? { revisions: task.revisions + 1 } : {}),
    ...(move.records === 'merge' ? { mergedAt: task.mergedAt ?? unit.now } : {}),
    ...(move.records === 'revert' ? { mergedAt: null, reverts: task.reverts + 1 } : {}),
    ...(statusChanged ? { statusChangedAt: unit.now, wakeAt: null } : {}),
    ...(move.changed ? { statusBecause: because } : {}),
    ...happening.changes,
    status: move.status,
    requested: move.requested,
    pauseReason: move.pauseReason,
    frozen: move.frozen,
    needsHuman: move.needsHuman,
  })
  if (move.stopSession !== null) await stopLiveSession(unit, changed, move.stopSession, happening)
  await appendEvent(unit.trx, {
    taskId: task.id,
    sessionId: happening.sessionId ?? null,
    kind: happening.event,
    detail: { by: happening.actor, from: task.status, to: move.status, because, ...happening.detail },
  })
  await announce(unit, changed)
  const asked = !task.requested || happening.changes?.sourcesSha256 === null
  if (changed.requested && changed.sourcesSha256 === null && asked) {
    await unit.enqueue('gather-sources', { taskId: task.id })
  }
  return { ok: true, task: changed, move }
}

/** Facts that the same event brings and that guards read: the issue's state, the pull request. */
function overrides(changes: TaskChanges | undefined): Partial<TaskState> {
  if (changes === undefined) return {}
  return {
    ...(typeof changes.issueOpen === 'boolean' ? { issueOpen: changes.issueOpen } : {}),
    ...(typeof changes.pullRequestNumber === 'number' ? { hasPullRequest: true } : {}),
    ...(changes.approvalLost === false ? { approvalLost: false } : {}),
  }
}

/**
 * Lets the projector and listeners know that a task changed. A requested task waits two seconds for its
 * claim, so that the first comment says who is at work instead of being edited at once.
 */
export async function announce(unit: Unit, task: Task): Promise<void> {
  await unit.enqueue('project-task', { taskId: task.id }, task.status === 'ready' ? 2 : undefined)
  unit.notifyAfter(CHANNELS.task, task.id)
}

async function stopLiveSession(
  unit: Unit,
  task: Task,
  how: 'grace' | 'now',
  happening: TaskHappening,
): Promise<void> {
  const session = await lockLiveSessionOfTask(unit.trx, task.id)
  if (session === undefined || session.id === happening.sessionId) return
  await askToStop(unit, session, how, task.status === 'paused' ? 'pause' : 'cancel')
}

/** `grace`: the session may save its work and push once more; `now`: it ends with this transaction. */
export async function askToStop(
  unit: Unit,
  session: Session,
  how: 'grace' | 'now',
  reason: 'pause' | 'cancel',
): Promise<void> {
  const stopBy = new Date(unit.now.getTime() + unit.policy.stopGraceSeconds * 1000)
  if (how === 'now') {
    await endSession(unit, session, 'cancelled', { stopRequested: reason })
    return
  }
  await updateSession(unit.trx, session.id, { stopRequested: reason, stopBy: session.stopBy ?? stopBy })
  unit.notifyAfter(CHANNELS.stop, session.agentId)
}
