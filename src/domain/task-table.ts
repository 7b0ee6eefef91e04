/**
 * The words and the transition table of a task. The table is data: `docs/states.md` is generated from it, and
 * `transition` in task.ts is the only reader that decides.
 */

export const taskStatuses = [
  'backlog',
  'ready',
  'processing',
  'paused',
  'review',
  'done',
  'cancelled',
] as const
export type TaskStatus = (typeof taskStatuses)[number]

/** What a paused task waits for. Stored as text beside the status. */
export const pauseReasons = ['person', 'clarification', 'credits', 'failed', 'needs_human'] as const
export type PauseReason = (typeof pauseReasons)[number]

/**
 * Who brings an event: a `request` of somebody who may be told no, a `session` at work on the task, a `fact` of
 * GitHub that has already happened, or the `clock`.
 */
export type EventSource = 'request' | 'session' | 'fact' | 'clock'

export const taskEvents = {
  requested: 'request',
  made_ready: 'request',
  request_withdrawn: 'request',
  edited_untrusted: 'fact',
  edited_trusted: 'fact',
  claimed: 'request',
  declined: 'session',
  pull_request_ready: 'session',
  result_posted: 'session',
  result_accepted: 'session',
  completed_empty: 'session',
  push_refused: 'session',
  publishing_held: 'session',
  publishing_approved: 'request',
  clarification_asked: 'session',
  answered: 'fact',
  credit_exhausted: 'session',
  credit_due: 'clock',
  attempt_failed: 'session',
  attempts_exhausted: 'session',
  agent_removed: 'session',
  paused: 'request',
  resumed: 'request',
  pull_request_merged: 'fact',
  pull_request_closed: 'fact',
  pull_request_reopened: 'fact',
  changes_requested: 'request',
  revisions_exhausted: 'request',
  reverted: 'fact',
  cancelled: 'request',
  closed_completed: 'fact',
  closed_not_planned: 'fact',
  reopened: 'fact',
  subtasks_done: 'fact',
  moved_to_done: 'request',
  moved_to_review: 'request',
  frozen: 'fact',
  thawed: 'fact',
} as const satisfies Record<string, EventSource>
export type TaskEvent = keyof typeof taskEvents

/** What must hold, beside the status, for a row to apply. */
export type TaskGuard = 'requested' | 'open' | 'pull_request' | 'merged'

export type TaskRow = {
  readonly from: readonly TaskStatus[]
  readonly event: TaskEvent
  /** `same`: the event is recorded, the status stays. */
  readonly to: TaskStatus | 'same'
  readonly guards?: readonly TaskGuard[]
  /** The row applies only to a task that is paused for one of these reasons. */
  readonly pausedFor?: readonly PauseReason[]
  /** The request after the row; a task that is not `ready` is never requested. */
  readonly requested?: true
  readonly pauseReason?: PauseReason
  /** No person approved this step: it needs an approval that still stands. */
  readonly automatic?: true
  readonly stop?: 'grace' | 'now'
  readonly attempts?: 'count' | 'reset'
  readonly countsRevision?: true
  readonly needsHuman?: boolean
  readonly records?: 'merge' | 'revert'
  readonly closesIssue?: true
  readonly movedBy: string
  readonly why: string
}

const everywhere = taskStatuses
const unfinished = ['backlog', 'ready', 'processing', 'paused', 'review'] as const
const waiting = ['backlog', 'ready', 'paused', 'review'] as const
const maintainer = 'a person with the trigger right'
const agent = 'the agent'
const clock = 'the sweeper'
const github = 'GitHub (a webhook)'

// biome-ignore format: one row per line
const requestRows: readonly TaskRow[] = [
  { from: ['backlog', 'paused', 'review'], event: 'made_ready', to: 'ready', guards: ['open'], attempts: 'reset', movedBy: maintainer, why: 'Idle agents may take it.' },
  { from: ['cancelled'], event: 'made_ready', to: 'ready', guards: ['open'], attempts: 'reset', movedBy: maintainer, why: 'The cancelled task is revived; idle agents may take it.' },
  { from: ['backlog', 'ready', 'paused', 'review'], event: 'requested', to: 'ready', guards: ['open'], requested: true, attempts: 'reset', movedBy: maintainer, why: 'It is dispatched as soon as it is allowed to.' },
  { from: ['cancelled'], event: 'requested', to: 'ready', guards: ['open'], requested: true, attempts: 'reset', movedBy: maintainer, why: 'The cancelled task is revived and dispatched as soon as it is allowed to.' },
  { from: ['ready'], event: 'request_withdrawn', to: 'backlog', guards: ['requested'], movedBy: maintainer, why: 'The trigger label was taken off before an agent took the task.' },
  { from: ['ready'], event: 'edited_untrusted', to: 'backlog', movedBy: 'a person without the trigger right', why: 'The text was edited by someone without the trigger right; what runs is what was approved.' },
  { from: ['processing'], event: 'edited_untrusted', to: 'same', movedBy: agent, why: 'The session goes on; its context is older than the edit.' },
  { from: ['backlog', 'paused', 'review', 'done', 'cancelled'], event: 'edited_untrusted', to: 'same', movedBy: maintainer, why: 'Nothing runs; the next automatic step needs a new approval.' },
  { from: ['processing'], event: 'edited_trusted', to: 'same', movedBy: agent, why: 'The session goes on; its context is older than the edit.' },
  { from: ['backlog', 'ready', 'paused', 'review', 'done', 'cancelled'], event: 'edited_trusted', to: 'same', movedBy: maintainer, why: 'The edit is by someone with the trigger right; the context is gathered again before it is used.' },
  { from: ['processing'], event: 'paused', to: 'paused', pauseReason: 'person', stop: 'grace', movedBy: maintainer, why: 'A person paused it; the agent stops, commits and pushes what it has.' },
  { from: ['ready'], event: 'paused', to: 'paused', pauseReason: 'person', movedBy: maintainer, why: 'A person paused it before an agent took it.' },
  { from: ['paused'], event: 'paused', to: 'paused', pausedFor: ['clarification', 'credits', 'failed', 'needs_human'], pauseReason: 'person', movedBy: maintainer, why: 'A person paused it; it no longer goes on by itself.' },
  { from: ['paused'], event: 'resumed', to: 'ready', guards: ['open'], requested: true, attempts: 'reset', movedBy: maintainer, why: 'A person let it go on; attempts are counted anew.' },
  { from: ['backlog', 'ready', 'paused', 'review'], event: 'cancelled', to: 'cancelled', movedBy: maintainer, why: 'A person cancelled it; the issue stays open and a new request revives it.' },
  { from: ['processing'], event: 'cancelled', to: 'cancelled', stop: 'grace', movedBy: maintainer, why: 'A person cancelled it; the agent stops, and a new request revives it.' },
]

// biome-ignore format: one row per line
const sessionRows: readonly TaskRow[] = [
  { from: ['ready'], event: 'claimed', to: 'processing', guards: ['open'], movedBy: agent, why: 'An agent took it: session, branch and lease are made in one transaction.' },
  { from: ['processing'], event: 'declined', to: 'ready', requested: true, automatic: true, movedBy: 'the dispatcher', why: 'The agent declined or did not acknowledge; the next channel or agent gets it.' },
  { from: ['processing'], event: 'pull_request_ready', to: 'review', movedBy: 'a reviewer', why: 'The agent finished and its pull request exists.' },
  { from: ['processing'], event: 'result_posted', to: 'review', movedBy: 'a reviewer', why: 'The agent finished with a result instead of commits; it is posted for review.' },
  { from: ['processing'], event: 'result_accepted', to: 'done', movedBy: github, why: 'The agent finished with a result, and the project takes results without a review.' },
  { from: ['processing'], event: 'completed_empty', to: 'ready', requested: true, automatic: true, attempts: 'count', movedBy: 'the dispatcher', why: 'The agent said that it finished but there are no commits; this is a failed attempt.' },
  { from: ['processing'], event: 'push_refused', to: 'paused', pauseReason: 'needs_human', needsHuman: true, movedBy: maintainer, why: 'A push was refused for a secret or a protected path; a person has to look.' },
  { from: ['review'], event: 'push_refused', to: 'paused', pauseReason: 'needs_human', needsHuman: true, movedBy: maintainer, why: 'Approved commits or their pull request were refused; a person has to look.' },
  { from: ['processing'], event: 'publishing_held', to: 'review', needsHuman: true, movedBy: maintainer, why: 'The work is finished and held; `/approve` publishes the branch and opens the pull request.' },
  { from: ['review'], event: 'publishing_approved', to: 'same', needsHuman: false, movedBy: 'a reviewer', why: 'The held branch is published and its pull request opened.' },
  { from: ['processing'], event: 'clarification_asked', to: 'paused', pauseReason: 'clarification', needsHuman: true, movedBy: "the issue's author or a person with the trigger right", why: 'The agent asked a question and waits for the answer.' },
  { from: ['paused'], event: 'answered', to: 'ready', guards: ['open'], pausedFor: ['clarification'], requested: true, automatic: true, movedBy: 'the dispatcher', why: 'The question was answered.' },
  { from: ['processing'], event: 'credit_exhausted', to: 'paused', pauseReason: 'credits', movedBy: clock, why: 'The credit is spent or the provider refused more; it wakes when a budget is free again.' },
  { from: ['paused'], event: 'credit_due', to: 'ready', guards: ['open'], pausedFor: ['credits'], requested: true, automatic: true, movedBy: 'the dispatcher', why: 'The wake time has come; maybe another agent takes it.' },
  { from: ['processing'], event: 'attempt_failed', to: 'ready', requested: true, automatic: true, attempts: 'count', movedBy: 'the dispatcher', why: 'The attempt failed, lost its lease or timed out; it is tried again after the backoff.' },
  { from: ['processing'], event: 'attempts_exhausted', to: 'paused', pauseReason: 'failed', attempts: 'count', needsHuman: true, movedBy: maintainer, why: 'The last permitted attempt failed; a person has to look.' },
  { from: ['processing'], event: 'agent_removed', to: 'ready', requested: true, automatic: true, stop: 'now', movedBy: 'the dispatcher', why: 'The agent was removed, its key revoked or its right lost; the attempt is not counted.' },
]

// biome-ignore format: one row per line
const reviewRows: readonly TaskRow[] = [
  { from: ['processing'], event: 'pull_request_merged', to: 'done', stop: 'grace', records: 'merge', movedBy: github, why: 'A person merged the pull request while an agent was at work.' },
  { from: ['backlog', 'ready', 'paused', 'review', 'cancelled'], event: 'pull_request_merged', to: 'done', records: 'merge', movedBy: github, why: 'The pull request was merged.' },
  { from: ['done'], event: 'pull_request_merged', to: 'same', records: 'merge', movedBy: github, why: 'The merge arrived after the issue was closed; it is recorded and nothing is lost.' },
  { from: ['processing'], event: 'pull_request_closed', to: 'paused', pauseReason: 'person', stop: 'grace', movedBy: maintainer, why: 'A person closed the pull request without merging while an agent was at work.' },
  { from: ['review', 'ready'], event: 'pull_request_closed', to: 'backlog', movedBy: maintainer, why: 'The pull request was closed without merging.' },
  { from: ['backlog', 'paused', 'done', 'cancelled'], event: 'pull_request_closed', to: 'same', movedBy: maintainer, why: 'The pull request was closed without merging; nothing was under way.' },
  { from: ['backlog'], event: 'pull_request_reopened', to: 'review', movedBy: 'a reviewer', why: 'The pull request is open again.' },
  { from: ['paused'], event: 'pull_request_reopened', to: 'review', pausedFor: ['person'], movedBy: 'a reviewer', why: 'The pull request is open again.' },
  { from: ['paused'], event: 'pull_request_reopened', to: 'same', pausedFor: ['clarification', 'credits', 'failed', 'needs_human'], movedBy: maintainer, why: 'The pull request is open again; the task still waits for what paused it.' },
  { from: ['ready', 'processing', 'review', 'done', 'cancelled'], event: 'pull_request_reopened', to: 'same', movedBy: maintainer, why: 'The pull request is open again; the task stays where it is.' },
  { from: ['review'], event: 'changes_requested', to: 'ready', guards: ['open'], requested: true, automatic: true, attempts: 'reset', countsRevision: true, movedBy: 'the dispatcher', why: 'Changes were requested, checks are red or the branch conflicts: same branch, same agent preferred.' },
  { from: ['review'], event: 'revisions_exhausted', to: 'same', needsHuman: true, movedBy: maintainer, why: 'The permitted revisions are used up; a person has to go on.' },
  { from: ['done'], event: 'reverted', to: 'backlog', records: 'revert', movedBy: maintainer, why: 'The merge was reverted; this is counted.' },
  { from: ['backlog', 'ready', 'paused'], event: 'subtasks_done', to: 'review', movedBy: 'a reviewer', why: 'All sub-issues are done; the parent is to be looked at.' },
  { from: ['review'], event: 'subtasks_done', to: 'same', movedBy: 'a reviewer', why: 'All sub-issues are done; the parent is in review already.' },
  { from: ['backlog', 'ready', 'paused'], event: 'moved_to_review', to: 'review', guards: ['pull_request'], movedBy: 'a reviewer', why: 'The card was moved to In review and a pull request exists.' },
]

// biome-ignore format: one row per line
const issueRows: readonly TaskRow[] = [
  { from: waiting, event: 'moved_to_done', to: 'done', closesIssue: true, movedBy: github, why: 'The card was moved to Done; the issue is closed as completed.' },
  { from: ['processing'], event: 'moved_to_done', to: 'done', stop: 'grace', closesIssue: true, movedBy: github, why: 'The card was moved to Done; the agent stops and the issue is closed as completed.' },
  { from: ['processing'], event: 'closed_completed', to: 'done', stop: 'grace', movedBy: github, why: 'The issue was closed as completed; closing is the kill switch.' },
  { from: ['backlog', 'ready', 'paused', 'review', 'cancelled'], event: 'closed_completed', to: 'done', movedBy: github, why: 'The issue was closed as completed.' },
  { from: ['done'], event: 'closed_completed', to: 'same', movedBy: github, why: 'The task was done before its issue was closed.' },
  { from: ['done'], event: 'closed_not_planned', to: 'same', guards: ['merged'], movedBy: github, why: 'The work was merged; it stays done whatever the issue was closed as.' },
  { from: ['processing'], event: 'closed_not_planned', to: 'cancelled', stop: 'grace', movedBy: github, why: 'The issue was closed as not planned or duplicate; closing is the kill switch.' },
  { from: ['backlog', 'ready', 'paused', 'review', 'done'], event: 'closed_not_planned', to: 'cancelled', movedBy: github, why: 'The issue was closed as not planned or duplicate.' },
  { from: ['cancelled'], event: 'closed_not_planned', to: 'same', movedBy: github, why: 'The task was cancelled before its issue was closed.' },
  { from: ['done', 'cancelled'], event: 'reopened', to: 'backlog', attempts: 'reset', movedBy: maintainer, why: 'The issue is open again.' },
  { from: unfinished, event: 'reopened', to: 'same', movedBy: maintainer, why: 'The issue is open again; the task had not ended.' },
  { from: ['processing'], event: 'frozen', to: 'ready', requested: true, automatic: true, stop: 'now', movedBy: github, why: 'The issue, the repository or the app went away; the session is cancelled and the task waits for their return.' },
  { from: ['backlog', 'ready', 'paused', 'review', 'done', 'cancelled'], event: 'frozen', to: 'same', movedBy: github, why: 'The issue, the repository or the app went away; the task waits for their return.' },
  { from: everywhere, event: 'thawed', to: 'same', movedBy: github, why: 'The issue, the repository and the app are back.' },
]

/** Every move a task can make. For one task and one event the first row that applies counts. */
export const taskTransitions: readonly TaskRow[] = [
  ...requestRows,
  ...sessionRows,
  ...reviewRows,
  ...issueRows,
]
