import type { Gate } from '../domain/gates.ts'
import type { FailureReason, SessionStatus } from '../domain/session.ts'
import type { PauseReason, SessionMode, TaskStatus } from '../domain/task.ts'
import type { StatusEventKind } from './words.ts'

/** Something that happened, for the list of last events. */
export interface StatusEvent {
  readonly at: Date
  readonly kind: StatusEventKind
  /** The login or agent name of who did it. */
  readonly by: string | null
  readonly detail: string | null
}

/** What one session was and took. */
export interface SessionReceipt {
  readonly attempt: number
  readonly agent: string
  readonly mode: SessionMode
  readonly model: string | null
  readonly status: SessionStatus
  readonly failure: FailureReason | null
  readonly failureDetail: string | null
  readonly tokens: {
    readonly input: number
    readonly output: number
    readonly cacheRead: number
    readonly cacheWrite: number
  }
  readonly costMicroUsd: number
  readonly createdAt: Date
  readonly endedAt: Date | null
  readonly contextSha256: string
}

/** All that the status comment shows, as plain data; times are absolute and nothing depends on "now". */
export interface StatusView {
  readonly task: {
    readonly id: number
    /** Of the issue. */
    readonly number: number
    readonly status: TaskStatus
    readonly requested: boolean
    readonly pauseReason: PauseReason | null
    readonly frozen: boolean
    readonly merged: boolean
    /** Why it is in this status, one sentence. */
    readonly because: string | null
    readonly wakeAt: Date | null
  }
  readonly triggerLabel: string
  /** The work is done and its publishing waits for `/approve`. */
  readonly held: boolean
  /** The issue was edited after the running session got its context. */
  readonly contextIsOlder: boolean
  /** Of the live session, else of the last one. */
  readonly agent: string | null
  readonly model: string | null
  /** The address is null until the branch is published. */
  readonly branch: { readonly name: string; readonly url: string | null } | null
  readonly pullRequest: { readonly number: number; readonly url: string } | null
  /** Of the live session. */
  readonly progress: {
    readonly percent: number | null
    readonly message: string | null
    readonly at: Date
  } | null
  /** Over all sessions. */
  readonly spent: { readonly tokens: number; readonly costMicroUsd: number }
  /** As `domain/gates.ts` gives them. */
  readonly gates: readonly Gate[]
  /** How to connect an agent, as Markdown, while the task waits because there is none. */
  readonly connect: string | null
  /** An unanswered one. */
  readonly question: { readonly agent: string; readonly text: string } | null
  /** What an agent found out, when the outcome was a result and not a pull request. */
  readonly result: string | null
  /** What is wrong with the repository's configuration file; the last valid one is in force. */
  readonly configProblem: string | null
  /** Oldest first; the last eight are shown. */
  readonly events: readonly StatusEvent[]
  /** Oldest first. */
  readonly sessions: readonly SessionReceipt[]
}
