import type { FailureReason, SessionEvent, SessionStatus } from '../domain/session.ts'
import type { PauseReason, SessionMode, TaskEvent, TaskStatus } from '../domain/task.ts'

/** The parts of a task that its name for people depends on. */
export type NamedTask = {
  readonly status: TaskStatus
  readonly requested: boolean
  readonly pauseReason: PauseReason | null
  readonly frozen: boolean
  readonly merged: boolean
  /** The work is done and its publishing waits for `/approve`. */
  readonly held: boolean
  readonly agent: string | null
  readonly hasPullRequest: boolean
}

export type StateName = { readonly sign: string; readonly words: string }

/** What a person should read first: one sign and a few words. */
export function nameOfState(task: NamedTask): StateName {
  if (task.frozen) return { sign: '❄️', words: 'Frozen until the issue, the repository and the app are back' }
  switch (task.status) {
    case 'backlog':
      return { sign: '⚪', words: 'Not requested' }
    case 'ready':
      return task.requested
        ? { sign: '🟡', words: 'Waiting to start' }
        : { sign: '🟡', words: 'Ready for any free agent' }
    case 'processing':
      return { sign: '🔵', words: `${task.agent ?? 'An agent'} is at work` }
    case 'paused':
      return pausedNames[task.pauseReason ?? 'person']
    case 'review':
      return nameOfReview(task)
    case 'done':
      return { sign: '✅', words: task.merged ? 'Done: the pull request was merged' : 'Done' }
    case 'cancelled':
      return { sign: '⛔', words: 'Cancelled' }
    default:
      return task.status satisfies never
  }
}

const pausedNames: Record<PauseReason, StateName> = {
  person: { sign: '⏸️', words: 'Paused' },
  clarification: { sign: '✋', words: 'The agent has a question' },
  credits: { sign: '⏸️', words: 'Paused until there is budget again' },
  failed: { sign: '✋', words: 'Failed: a person has to look' },
  needs_human: { sign: '✋', words: 'Stopped: a person has to look' },
}

function nameOfReview(task: NamedTask): StateName {
  if (task.held) return { sign: '✋', words: 'Finished: publishing waits for approval' }
  return { sign: '🟣', words: task.hasPullRequest ? 'Ready for review' : 'The result is ready to look at' }
}

/** What a status comment tells of: everything that happens to a task or session, and what became visible of it. */
export type StatusEventKind =
  | TaskEvent
  | SessionEvent
  | 'pushed'
  | 'pull_request_opened'
  | 'pull_request_adopted'

/** Each event as a few words in the past tense, to be followed by who and by a detail. */
export const eventWords = {
  requested: 'Requested',
  made_ready: 'Made ready',
  request_withdrawn: 'Request taken back',
  edited_untrusted: 'Edited without the trigger right',
  edited_trusted: 'Edited',
  claimed: 'Taken',
  declined: 'Declined',
  acknowledged: 'Started',
  progressed: 'Progress',
  pushed: 'Pushed',
  pull_request_opened: 'Pull request opened',
  pull_request_adopted: 'Pull request adopted',
  pull_request_ready: 'Finished',
  completed: 'Finished',
  result_posted: 'Finished with a result',
  result_accepted: 'Result accepted',
  completed_empty: 'Finished without any commit',
  came_back_empty: 'Finished without any commit',
  push_refused: 'Push refused',
  publishing_held: 'Finished; publishing waits for approval',
  publishing_approved: 'Publishing approved',
  clarification_asked: 'Asked a question',
  answered: 'Answered',
  credit_exhausted: 'Budget spent',
  budget_spent: 'Budget spent',
  credit_due: 'Budget is free again',
  attempt_failed: 'Attempt failed',
  attempts_exhausted: 'Last attempt failed',
  failed: 'Failed',
  timed_out: 'Ran out of time',
  lease_lost: 'Gave no sign of life any more',
  not_acknowledged: 'Did not take the work in time',
  agent_removed: 'Agent removed',
  stop_requested: 'Asked to stop',
  paused: 'Paused',
  resumed: 'Resumed',
  pull_request_merged: 'Pull request merged',
  pull_request_closed: 'Pull request closed',
  pull_request_reopened: 'Pull request reopened',
  changes_requested: 'Changes requested',
  revisions_exhausted: 'No revision is left',
  reverted: 'Reverted',
  cancelled: 'Cancelled',
  closed_completed: 'Issue closed as completed',
  closed_not_planned: 'Issue closed as not planned',
  reopened: 'Issue reopened',
  subtasks_done: 'All sub-issues done',
  moved_to_done: 'Card moved to Done',
  moved_to_review: 'Card moved to In review',
  frozen: 'Frozen',
  thawed: 'Thawed',
} as const satisfies Record<StatusEventKind, string>

/** True for the events that have words for people. */
export function isStatusEventKind(kind: string): kind is StatusEventKind {
  return Object.hasOwn(eventWords, kind)
}

export const modeWords: Record<SessionMode, string> = { new: 'new', revise: 'revision', resume: 'resumed' }

const failureWords: Record<FailureReason, string> = {
  error: 'failed: error',
  lost: 'failed: no sign of life',
  refused: 'failed: refused',
  timeout: 'failed: out of time',
  budget: 'failed: budget spent',
  empty: 'failed: no commits',
}

/** How a session ended, or how far it is. */
export function outcomeWords(status: SessionStatus, failure: FailureReason | null): string {
  switch (status) {
    case 'dispatched':
      return 'handed over'
    case 'running':
      return 'at work'
    case 'completed':
    case 'paused':
    case 'cancelled':
      return status
    case 'failed':
      return failureWords[failure ?? 'error']
    default:
      return status satisfies never
  }
}
