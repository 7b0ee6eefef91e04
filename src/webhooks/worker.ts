import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import {
  type ClaimedDelivery,
  claimDeliveries,
  failDelivery,
  finishDeliveries,
  renewDeliveries,
} from '../db/repositories/webhook-deliveries.ts'
import type { Database } from '../db/schema.ts'
import { isGitHubError } from '../github/error.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import type { Service } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import { Batcher } from './batcher.ts'
import { PayloadError, parsePayload } from './payload.ts'

/** Handles one parsed delivery; throws when it should be tried again. */
export type DeliveryHandler = (delivery: { id: string; name: string; payload: unknown }) => Promise<void>

const BATCH = 50
/** A delivery whose worker died is taken by another one after this time; a worker that lives renews it. */
const WORK_SECONDS = 8
const RENEW_MS = 2_000
const MOST_ATTEMPTS = 6
const POLL_MS = 1_000
const FIRST_RETRY_MS = 1_000

export interface WorkerOptions {
  db: Kysely<Database>
  pool: Pool
  handle: DeliveryHandler
  logger: Logger
  /** Called when more is stored than this worker has room for: others should look. */
  onMore?: () => void
}

/** Takes stored deliveries and hands them to the handlers; woken by `wake`, and once a second in any case. */
export class DeliveryWorker implements Service {
  readonly name = 'webhook worker'
  readonly #options: WorkerOptions
  readonly #timers: NodeJS.Timeout[]
  /** Deliveries under way, with their ids. */
  readonly #inFlight = new Map<Promise<void>, string>()
  /** What ends while one statement is under way is settled by the next: a commit each would be most of the work. */
  readonly #finished: Batcher<string>
  #draining: Promise<void> | null = null
  #again = false
  #stopped = false

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#finished = new Batcher((ids) => finishDeliveries(options.pool, ids), { most: BATCH, inFlight: 1 })
    this.#timers = [setInterval(() => this.wake(), POLL_MS), setInterval(() => void this.#renew(), RENEW_MS)]
  }

  /** There may be something to do. A wake-up that comes while draining is not lost. */
  wake(): void {
    this.#again = true
    if (this.#draining || this.#stopped) return
    this.#draining = this.#drain()
      .catch((error: unknown) => this.#options.logger.error({ err: error }, 'deliveries could not be taken'))
      .finally(() => {
        this.#draining = null
        if (this.#again && this.#inFlight.size < BATCH) this.wake()
      })
  }

  /** Deliveries were stored here. They are taken; when there is no room for them, others are told. */
  stored(): void {
    this.wake()
    if (this.#stopped || this.#inFlight.size >= BATCH) this.#options.onMore?.()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#draining
    await Promise.all(this.#inFlight.keys())
    for (const timer of this.#timers) clearInterval(timer)
  }

  /** A slow handler does not keep the others back: at most 50 are under way, and a free place is filled. */
  async #drain(): Promise<void> {
    while (this.#again && !this.#stopped && this.#inFlight.size < BATCH) {
      this.#again = false
      const room = BATCH - this.#inFlight.size
      const batch = await claimDeliveries(this.#options.pool, room, WORK_SECONDS)
      if (batch.length > 0) crashPoint('committed', 'delivery taken')
      if (batch.length === room) {
        this.#again = true
        this.#options.onMore?.()
      }
      for (const delivery of batch) this.#start(delivery)
    }
  }

  #start(delivery: ClaimedDelivery): void {
    const run = this.#handle(delivery)
      .catch((error: unknown) =>
        this.#options.logger.error({ err: error, delivery: delivery.id }, 'a delivery could not be settled'),
      )
      .finally(() => {
        this.#inFlight.delete(run)
        if (this.#again) this.wake()
      })
    this.#inFlight.set(run, delivery.id)
  }

  async #renew(): Promise<void> {
    if (this.#inFlight.size === 0) return
    const { pool, logger } = this.#options
    try {
      await renewDeliveries(pool, [...this.#inFlight.values()], WORK_SECONDS)
    } catch (error) {
      logger.error({ err: error }, 'deliveries under way were not renewed')
    }
  }

  async #handle(delivery: ClaimedDelivery): Promise<void> {
    const { db, logger, handle } = this.#options
    const parsed = parsePayload(delivery.payload)
    if (!parsed.ok) {
      logger.warn(
        { delivery: delivery.id, event: delivery.event, reason: parsed.error },
        'delivery is malformed',
      )
      return failDelivery(db, delivery.id, parsed.error, null)
    }
    try {
      await handle({ id: delivery.id, name: delivery.event, payload: parsed.payload })
      crashPoint('after', 'delivery')
      await this.#finished.add(delivery.id)
      crashPoint('committed', 'delivery done')
    } catch (error) {
      const causes = error instanceof AggregateError ? error.errors : [error]
      const hopeless = delivery.attempts >= MOST_ATTEMPTS || causes.some(isMalformed)
      const retryAt = hopeless ? null : retryTime(causes[0], delivery.attempts)
      logger.error({ err: error, delivery: delivery.id, event: delivery.event, retryAt }, 'delivery failed')
      await failDelivery(db, delivery.id, causes.map(String).join('; '), retryAt)
    }
  }
}

const isMalformed = (error: unknown): boolean => error instanceof PayloadError

function retryTime(error: unknown, attempts: number): Date {
  if (isGitHubError(error, 'rate_limited') && error.until) return error.until
  return new Date(Date.now() + FIRST_RETRY_MS * 4 ** (attempts - 1))
}
