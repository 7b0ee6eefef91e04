/** What the gateway needs from the rest of the server. The orchestrator implements it. */

import type { Remote } from '../../git/remote.ts'

export interface GatewaySession {
  sessionId: number
  taskId: number
  projectId: number
  issueNumber: number
  /** The only branch that this session may push to, without `refs/heads/`. */
  branch: string
  defaultBranch: string
  /** The last commit of the branch that was published or held; null when there is none. */
  publishedSha: string | null
  /** `publishedSha` waits for approval: it is not on GitHub. */
  held: boolean
  stopping: boolean
  policy: { allow: string[]; protect: string[]; maxBytes: number; maxFiles: number }
}

export interface PublishIntent {
  branch: string
  oldSha: string | null
  newSha: string
  commits: number
}

export type BeginPublish =
  | { ok: true; hold?: false; intentId: number; remote: Remote; until: Date }
  | { ok: true; hold: true; intentId: number }
  | { ok: false; sentence: string }

export interface PublishOutcome {
  /** `uncertain`: GitHub did not say; the intent stays open until the ref on GitHub has been looked at. */
  outcome: 'published' | 'held' | 'failed' | 'uncertain'
  newSha?: string
  bundle?: Buffer
  message?: string
}

export interface PushRefusalRecord {
  code: string
  sentence: string
  /** The work holds something that must not be published: a person has to look. */
  needsHuman: boolean
  paths?: string[]
}

export interface GitGatewayPort {
  /** The session of a token, while its lease lives and if it belongs to that repository; else null. */
  authorize(token: string, owner: string, repo: string): Promise<GatewaySession | null>
  /** Called after all checks: re-checks the lease under the session's lock, writes the intent, extends the lease. */
  beginPublish(session: GatewaySession, push: PublishIntent): Promise<BeginPublish>
  finishPublish(intentId: number, result: PublishOutcome): Promise<void>
  recordRefusal(session: GatewaySession, refusal: PushRefusalRecord): Promise<void>
  /**
   * Makes sure that the project's mirror exists and is fresh enough; does nothing when it is where the last events
   * said, unless `always`. Throws `RemoteError`.
   */
  refresh(session: GatewaySession, always?: boolean): Promise<void>
  /** The stored bundle of the session's held commits; asked for when this replica does not have them. */
  heldBundle(session: GatewaySession): Promise<Buffer>
}

/** The part of the process logger that the gateway uses. */
export interface GatewayLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface GatewayLimits {
  /** No byte in either direction for this long ends a request. */
  idleMs: number
  /** A request ends after this long in any case. */
  requestMs: number
  /** How long a push waits for another one to the same branch. */
  queueMs: number
  publishMs: number
  /** A fetch's list of wants and haves, unpacked. */
  fetchRequestBytes: number
  /** The largest file of a push. GitHub takes none over 100 MB. */
  fileBytes: number
  /** How many times the allowed size a push may unpack to. */
  unpackFactor: number
  /** How much is read of a push by nobody we know, so that its git can show the reason. */
  strangerBytes: number
  /** How much of a push that is too large is still read, so that its git can show the reason. */
  swallowBytes: number
  /** Fetches served at once by this process. */
  concurrentFetches: number
  /** Pushes received at once by this process. */
  concurrentPushes: number
}

export const defaultLimits: GatewayLimits = {
  idleMs: 60_000,
  requestMs: 15 * 60_000,
  queueMs: 30_000,
  publishMs: 60_000,
  fetchRequestBytes: 16 * 1024 * 1024,
  fileBytes: 100_000_000,
  unpackFactor: 10,
  strangerBytes: 8 * 1024 * 1024,
  swallowBytes: 1024 * 1024 * 1024,
  concurrentFetches: 32,
  concurrentPushes: 16,
}
