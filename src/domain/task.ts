import {
  type PauseReason,
  type TaskEvent,
  type TaskGuard,
  type TaskRow,
  type TaskStatus,
  taskEvents,
  taskTransitions,
} from './task-table.ts'

export {
  type PauseReason,
  pauseReasons,
  type TaskEvent,
  type TaskRow,
  type TaskStatus,
  taskEvents,
  taskStatuses,
  taskTransitions,
} from './task-table.ts'

/** The status of a task at the first trusted touch of its open issue; rows are made lazily. */
export const initialTaskStatus: TaskStatus = 'backlog'

/** What is known of a task when an event arrives. */
export type TaskState = {
  readonly status: TaskStatus
  readonly requested: boolean
  readonly issueOpen: boolean
  readonly pauseReason: PauseReason | null
  readonly frozen?: boolean
  readonly needsHuman?: boolean
  readonly hasPullRequest?: boolean
  /** A pull request of this task was merged and not reverted since. */
  readonly merged?: boolean
  /** The approved text was edited by someone without the trigger right, and nobody with it has acted since. */
  readonly approvalLost?: boolean
}

export const taskRefusals = [
  'issue_closed',
  'in_progress',
  'not_processing',
  'finished',
  'not_requested',
  'not_paused',
  'not_waiting',
  'not_in_review',
  'not_done',
  'not_ready',
  'already_there',
  'no_pull_request',
  'frozen',
] as const
export type TaskRefusal = (typeof taskRefusals)[number]

export type TaskMove = {
  readonly ok: true
  readonly status: TaskStatus
  readonly requested: boolean
  readonly pauseReason: PauseReason | null
  readonly frozen: boolean
  readonly needsHuman: boolean
  /** `grace`: the live session may push once more within 30 s. `now`: it ends with this change. */
  readonly stopSession: null | 'grace' | 'now'
  readonly countsAttempt: boolean
  readonly resetsAttempts: boolean
  readonly countsRevision: boolean
  readonly records: null | 'merge' | 'revert'
  readonly closesIssue: boolean
  /** False when the event is only recorded. */
  readonly changed: boolean
  readonly movedBy: string
  readonly why: string
}
export type TaskAnswer =
  | TaskMove
  | { readonly ok: false; readonly code: TaskRefusal; readonly reason: string }

/**
 * Decides what an event does to a task. Every event has an answer in every state: a move (which may leave the
 * status as it is), or a refusal with its reason. Never throws, changes nothing.
 */
export function transition(task: TaskState, event: TaskEvent): TaskAnswer {
  if (task.frozen === true && taskEvents[event] === 'request' && event !== 'cancelled') {
    return refusal('frozen', 'The repository or the app is away; the task is frozen until they return.')
  }
  const row = taskTransitions.find((candidate) => candidate.event === event && applies(candidate, task))
  return row === undefined ? refuse(task, event) : move(task, row)
}

function applies(row: TaskRow, task: TaskState): boolean {
  if (!row.from.includes(task.status)) return false
  if (
    row.pausedFor !== undefined &&
    !(task.pauseReason !== null && row.pausedFor.includes(task.pauseReason))
  ) {
    return false
  }
  return (row.guards ?? []).every((guard) => holds(guard, task))
}

function holds(guard: TaskGuard, task: TaskState): boolean {
  switch (guard) {
    case 'requested':
      return task.requested
    case 'open':
      return task.issueOpen
    case 'pull_request':
      return task.hasPullRequest === true
    case 'merged':
      return task.merged === true
    default:
      return guard satisfies never
  }
}

function move(task: TaskState, row: TaskRow): TaskMove {
  const withheld = row.automatic === true && task.approvalLost === true
  const status = withheld ? 'backlog' : row.to === 'same' ? task.status : row.to
  const stays = row.to === 'same'
  const pauseReason = stays ? task.pauseReason : (row.pauseReason ?? null)
  const frozen = row.event === 'frozen' || (row.event !== 'thawed' && task.frozen === true)
  const requested = status === 'ready' && (stays ? task.requested : row.requested === true)
  const needsHuman = row.needsHuman ?? (stays && task.needsHuman === true)
  return {
    ok: true,
    status,
    requested,
    pauseReason: status === 'paused' ? pauseReason : null,
    frozen,
    needsHuman,
    stopSession: row.stop ?? null,
    countsAttempt: row.attempts === 'count',
    resetsAttempts: row.attempts === 'reset',
    countsRevision: row.countsRevision === true && !withheld,
    records: row.records ?? null,
    closesIssue: row.closesIssue === true,
    changed:
      status !== task.status ||
      requested !== task.requested ||
      pauseReason !== task.pauseReason ||
      frozen !== (task.frozen === true) ||
      needsHuman !== (task.needsHuman === true),
    movedBy: withheld ? 'a person with the trigger right' : row.movedBy,
    why: withheld
      ? `${row.why} The text was edited since by someone without the trigger right, so it needs a new approval.`
      : row.why,
  }
}

const refusal = (code: TaskRefusal, reason: string): TaskAnswer => ({ ok: false, code, reason })

const closedIssue = refusal('issue_closed', 'The issue is closed: reopen the issue first.')

/** Says why no row applies, in the order in which a person would want to hear it. */
function refuse(task: TaskState, event: TaskEvent): TaskAnswer {
  if (taskEvents[event] === 'session') {
    return refusal('not_processing', `No session is at work: the task is ${describe(task)}.`)
  }
  const asksForWork = event === 'requested' || event === 'made_ready'
  if (asksForWork && !task.issueOpen) return closedIssue
  if (taskTransitions.some((row) => row.event === event && applies(row, { ...task, issueOpen: true }))) {
    return closedIssue
  }
  const ended = task.status === 'done' || task.status === 'cancelled'
  switch (event) {
    case 'request_withdrawn':
      return refusal('not_requested', `Nothing was requested: the task is ${describe(task)}.`)
    case 'answered':
    case 'credit_due':
      return refusal('not_waiting', `Nothing waits for this: the task is ${describe(task)}.`)
    case 'resumed':
      return refusal('not_paused', `Only a paused task can be resumed; this one is ${describe(task)}.`)
    case 'claimed':
      return refusal('not_ready', `Only a ready task can be claimed; this one is ${describe(task)}.`)
    case 'reverted':
      return refusal('not_done', `Only finished work can be reverted; the task is ${describe(task)}.`)
    case 'changes_requested':
    case 'revisions_exhausted':
    case 'publishing_approved':
      return refusal('not_in_review', `The task is not in review; it is ${describe(task)}.`)
    default:
      break
  }
  if (event === `moved_to_${task.status}` || event === `made_${task.status}` || event === task.status) {
    return refusal('already_there', `The task is ${describe(task)} already.`)
  }
  if (task.status === 'processing') {
    return refusal('in_progress', 'An agent is at work on this task; pause or cancel it first.')
  }
  if (ended) return refusal('finished', `The task is ${describe(task)}: reopen its issue or open a new one.`)
  if (event === 'moved_to_review')
    return refusal('no_pull_request', 'There is no pull request to review yet.')
  return refusal(
    'not_ready',
    `Only a task that is ready or at work can be paused; this one is ${describe(task)}.`,
  )
}

/** The status as a person reads it: `ready (requested)`, `paused (credits)`. */
export function describe(task: Pick<TaskState, 'status' | 'requested' | 'pauseReason'>): string {
  if (task.status === 'ready' && task.requested) return 'ready (requested)'
  if (task.status === 'paused' && task.pauseReason !== null) return `paused (${task.pauseReason})`
  return task.status
}

export const sessionModes = ['new', 'revise', 'resume'] as const
export type SessionMode = (typeof sessionModes)[number]

/**
 * The mode of a task's next session. `fromReview`: the task was last handed back from review (its pull request or
 * posted result stands); `publishedCommits`: its branch has commits on GitHub.
 */
export function nextMode(task: { fromReview: boolean; publishedCommits: boolean }): SessionMode {
  if (task.fromReview) return 'revise'
  return task.publishedCommits ? 'resume' : 'new'
}
