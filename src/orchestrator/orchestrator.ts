import type { Kysely, Transaction } from 'kysely'
import type { Database } from '../db/schema.ts'
import type { JobKind, JobPayload } from '../queue/catalog.ts'
import type { Enqueue } from '../queue/queue.ts'
import type { Clock } from '../runtime/clock.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import type { ServerKeys } from '../runtime/keys.ts'

/** Channels of LISTEN/NOTIFY. Payloads are ids; rows are read by whoever listens. */
export const CHANNELS = {
  /** `<agent id>`: this agent has a dispatched session that it was not told about. */
  assignment: 'mc_assignment',
  /** `<agent id>`: a session of this agent is to stop, or has ended. */
  stop: 'mc_stop',
  /** `<task id>`: a task changed. */
  task: 'mc_task',
} as const
export type Channel = (typeof CHANNELS)[keyof typeof CHANNELS]

/** Times and sizes that the operator may change; see `config.ts` for their defaults. */
export interface Policy {
  leaseSeconds: number
  acknowledgeSeconds: number
  stopGraceSeconds: number
  publishSeconds: number
  /** Content-creating calls to GitHub for one installation; short of GitHub's own limits. */
  contentPerMinute: number
  contentPerHour: number
  /** A first attempt's backoff is a multiple of this factor; 1 in production, less in tests. */
  backoffFactor: number
}

/** What every use-case needs; made once by the composition root. */
export interface Orchestrator {
  readonly db: Kysely<Database>
  readonly clock: Clock
  readonly keys: ServerKeys
  readonly policy: Policy
  /** Where agents reach this server, without a slash at the end. */
  readonly publicUrl: string
  /** Where people see GitHub, without a slash at the end. */
  readonly githubUrl: string
  readonly enqueue: Enqueue
  readonly notify: (channel: Channel, payload: string) => void
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/** One transaction of a use-case. Jobs are enqueued inside it; notifications are sent after its commit. */
export interface Unit {
  readonly trx: Transaction<Database>
  readonly now: Date
  readonly policy: Policy
  readonly random: () => number
  enqueue<Kind extends JobKind>(kind: Kind, payload: JobPayload<Kind>, delaySeconds?: number): Promise<void>
  notifyAfter(channel: Channel, payload: string | number): void
}

/**
 * Runs a use-case in one transaction. A NOTIFY inside it would serialise commits, so these follow it.
 * @param name of the use-case, as its crash point is called
 */
export async function inTransaction<Result>(
  orchestrator: Orchestrator,
  name: string,
  work: (unit: Unit) => Promise<Result>,
): Promise<Result> {
  const notifications = new Map<string, { channel: Channel; payload: string }>()
  const result = await orchestrator.db.transaction().execute((trx) =>
    work({
      trx,
      now: orchestrator.clock.now(),
      policy: orchestrator.policy,
      random: orchestrator.random,
      enqueue: (kind, payload, delaySeconds) =>
        orchestrator.enqueue(trx, kind, payload, delaySeconds === undefined ? {} : { delaySeconds }),
      notifyAfter(channel, payload) {
        notifications.set(`${channel} ${payload}`, { channel, payload: String(payload) })
      },
    }),
  )
  crashPoint('committed', name)
  for (const { channel, payload } of notifications.values()) orchestrator.notify(channel, payload)
  return result
}

/** An expected refusal: a value, never thrown. */
export interface Refusal {
  ok: false
  code: string
  reason: string
}

export const refuse = (code: string, reason: string): Refusal => ({ ok: false, code, reason })
