import { setTimeout as delay, setImmediate as nextTick } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Logger } from '../../runtime/logger.ts'

/** PostgreSQL refuses 8,000 bytes and more. https://www.postgresql.org/docs/18/sql-notify.html */
const PAYLOAD_BYTES = 7_900
const CHANNEL_BYTES = 63
const BATCH = 500
const ATTEMPTS = 3
const RETRY_MS = 100

interface Message {
  channel: string
  payload: string
}

/**
 * Sends messages in batches, one batch at a time: what is published while one is under way goes with
 * the next, because NOTIFY takes a lock that all commits of the server share.
 */
export class Outbox {
  readonly #pool: Pool
  readonly #logger: Pick<Logger, 'warn' | 'error'>
  readonly #waiting = new Map<string, Message>()
  #sending: Promise<void> | null = null

  constructor(pool: Pool, logger: Pick<Logger, 'warn' | 'error'>) {
    this.#pool = pool
    this.#logger = logger
  }

  publish(channel: string, payload: string): void {
    const bytes = Buffer.byteLength(payload)
    if (bytes > PAYLOAD_BYTES) {
      throw new RangeError(
        `a notification of ${bytes} bytes is too long, at most ${PAYLOAD_BYTES}: send an id`,
      )
    }
    if (
      channel === '' ||
      Buffer.byteLength(channel) > CHANNEL_BYTES ||
      `${channel}${payload}`.includes('\0')
    ) {
      throw new RangeError(`"${channel}" cannot be a channel, or its payload holds a NUL character`)
    }
    this.#waiting.set(`${channel}\0${payload}`, { channel, payload })
    this.#sending ??= this.#drain()
  }

  async flush(): Promise<void> {
    await this.#sending
  }

  async #drain(): Promise<void> {
    await nextTick()
    while (this.#waiting.size > 0) {
      const entries = [...this.#waiting].slice(0, BATCH)
      for (const [key] of entries) this.#waiting.delete(key)
      await this.#send(entries.map(([, message]) => message))
    }
    this.#sending = null
  }

  async #send(batch: Message[]): Promise<void> {
    const values = [batch.map((message) => message.channel), batch.map((message) => message.payload)]
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#pool.query(
          'select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as message (channel, payload)',
          values,
        )
        return
      } catch (error) {
        if (attempt === ATTEMPTS) {
          this.#logger.error({ err: error, messages: batch.length }, 'notifications were not sent')
          return
        }
        this.#logger.warn({ err: error, attempt }, 'could not send notifications, trying again')
        await delay(RETRY_MS * attempt)
      }
    }
  }
}
