/** The words and the transition table of a session: one isolated attempt of one agent at one task. */

export const sessionStatuses = [
  'dispatched',
  'running',
  'completed',
  'failed',
  'paused',
  'cancelled',
] as const
export type SessionStatus = (typeof sessionStatuses)[number]

export const failureReasons = ['error', 'lost', 'refused', 'timeout', 'budget', 'empty'] as const
export type FailureReason = (typeof failureReasons)[number]

export const sessionEvents = [
  'acknowledged',
  'progressed',
  'stop_requested',
  'completed',
  'failed',
  'timed_out',
  'budget_spent',
  'came_back_empty',
  'push_refused',
  'lease_lost',
  'declined',
  'not_acknowledged',
  'paused',
  'cancelled',
] as const
export type SessionEvent = (typeof sessionEvents)[number]

export type SessionRow = {
  readonly from: readonly SessionStatus[]
  readonly event: SessionEvent
  readonly to: SessionStatus | 'same'
  readonly failureReason?: FailureReason
  /** A sign of life: the lease starts anew. */
  readonly renewsLease?: true
  readonly movedBy: string
  readonly why: string
}

const live = ['dispatched', 'running'] as const
const nobody = 'nobody: it has ended'

// biome-ignore format: one row per line
export const sessionTransitions: readonly SessionRow[] = [
  { from: ['dispatched'], event: 'acknowledged', to: 'running', renewsLease: true, movedBy: 'the agent', why: 'The agent took the work.' },
  { from: ['running'], event: 'acknowledged', to: 'same', renewsLease: true, movedBy: 'the agent', why: 'The acknowledgement arrived again, or after other signs of life.' },
  { from: ['dispatched'], event: 'progressed', to: 'running', renewsLease: true, movedBy: 'the agent', why: 'The first sign of life counts as the acknowledgement.' },
  { from: ['running'], event: 'progressed', to: 'same', renewsLease: true, movedBy: 'the agent', why: 'A sign of life.' },
  { from: live, event: 'stop_requested', to: 'same', movedBy: 'the agent, or the sweeper after 30 s', why: 'The agent is told to stop and may push once more.' },
  { from: live, event: 'completed', to: 'completed', movedBy: nobody, why: 'The agent reported its outcome.' },
  { from: live, event: 'failed', to: 'failed', failureReason: 'error', movedBy: nobody, why: 'The agent or its runner reported an error.' },
  { from: live, event: 'timed_out', to: 'failed', failureReason: 'timeout', movedBy: nobody, why: 'The wall clock of the session ran out.' },
  { from: live, event: 'budget_spent', to: 'failed', failureReason: 'budget', movedBy: nobody, why: 'The token budget of the session is spent.' },
  { from: live, event: 'came_back_empty', to: 'failed', failureReason: 'empty', movedBy: nobody, why: 'The agent said that it finished but there are no commits.' },
  { from: live, event: 'push_refused', to: 'failed', failureReason: 'refused', movedBy: nobody, why: 'The work could not be published: a push was refused for a secret or a protected path.' },
  { from: live, event: 'lease_lost', to: 'failed', failureReason: 'lost', movedBy: nobody, why: 'No sign of life until the lease ran out.' },
  { from: ['dispatched'], event: 'declined', to: 'failed', failureReason: 'refused', movedBy: nobody, why: 'The agent declined the work.' },
  { from: ['dispatched'], event: 'not_acknowledged', to: 'failed', failureReason: 'refused', movedBy: nobody, why: 'The agent did not take the work in time.' },
  { from: live, event: 'paused', to: 'paused', movedBy: nobody, why: 'The work is parked: a person paused it, a question waits for its answer, or a credit is spent.' },
  { from: live, event: 'cancelled', to: 'cancelled', movedBy: nobody, why: 'The task was cancelled, closed, merged or frozen, or the agent was removed.' },
]

type SessionMove = {
  readonly ok: true
  readonly status: SessionStatus
  readonly failureReason: FailureReason | null
  readonly renewsLease: boolean
  readonly stopRequested: boolean
  /** True when this event ends the session: its lease, slot and token are given back. */
  readonly ended: boolean
  readonly why: string
}
export type SessionAnswer =
  | SessionMove
  | { readonly ok: false; readonly code: 'session_ended' | 'already_running'; readonly reason: string }

/** True while the session owns its task; the database allows one such session per task. */
export function isLive(status: SessionStatus): boolean {
  return status === 'dispatched' || status === 'running'
}

/** Decides what an event does to a session: a move, or a refusal with its reason. Never throws. */
export function transitionSession(
  session: { status: SessionStatus; stopRequested?: boolean },
  event: SessionEvent,
): SessionAnswer {
  if (!isLive(session.status)) {
    return { ok: false, code: 'session_ended', reason: `The session has ended: it is ${session.status}.` }
  }
  const row = sessionTransitions.find(
    (candidate) => candidate.event === event && candidate.from.includes(session.status),
  )
  if (row === undefined) {
    return { ok: false, code: 'already_running', reason: 'The agent has taken the work already.' }
  }
  const status = row.to === 'same' ? session.status : row.to
  return {
    ok: true,
    status,
    failureReason: row.failureReason ?? null,
    renewsLease: row.renewsLease === true,
    stopRequested: event === 'stop_requested' || session.stopRequested === true,
    ended: !isLive(status),
    why: row.why,
  }
}
