import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from '../../runtime/logger.ts'

const HEARTBEAT_MS = 30_000
const ANSWER_MS = 10_000
const BACKOFF_MS = { first: 100, most: 10_000 }

export type NotificationHandler = (payload: string) => void | Promise<void>
export type ReconnectHook = () => void | Promise<void>

export interface ListenerOptions {
  url: string
  logger: Pick<Logger, 'info' | 'warn' | 'error'>
  heartbeatMs?: number
}

/** The one connection that listens, and its replacement whenever it is lost. */
export class Listener {
  readonly #options: ListenerOptions
  readonly #handlers = new Map<string, Set<NotificationHandler>>()
  readonly #hooks = new Set<ReconnectHook>()
  readonly #closed = new AbortController()
  readonly #heartbeat: NodeJS.Timeout
  readonly #heartbeatMs: number
  /** The present connection, or the one that is being made. */
  #connection: Promise<pg.Client>
  #current: pg.Client | null = null

  private constructor(options: ListenerOptions) {
    this.#options = options
    this.#heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS
    this.#connection = this.#connect()
    this.#heartbeat = setInterval(() => void this.#check(), this.#heartbeatMs)
    this.#heartbeat.unref()
  }

  /** Connects; throws when the database cannot be reached now. */
  static async open(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options)
    try {
      await listener.#connection
      return listener
    } catch (error) {
      await listener.close()
      throw error
    }
  }

  async subscribe(channel: string, handler: NotificationHandler): Promise<() => void> {
    const handlers = this.#handlers.get(channel) ?? new Set()
    this.#handlers.set(channel, handlers.add(handler))
    try {
      await this.#listen(channel)
    } catch (error) {
      this.#unsubscribe(channel, handler)
      throw error
    }
    return () => this.#unsubscribe(channel, handler)
  }

  onReconnect(hook: ReconnectHook): () => void {
    this.#hooks.add(hook)
    return () => this.#hooks.delete(hook)
  }

  async close(): Promise<void> {
    this.#closed.abort(new Error('the notifications are closed'))
    clearInterval(this.#heartbeat)
    const client = this.#current
    this.#current = null
    await client?.end()
  }

  async #listen(channel: string): Promise<void> {
    for (;;) {
      this.#closed.signal.throwIfAborted()
      const client = await this.#connection
      try {
        await client.query(`listen ${pg.escapeIdentifier(channel)}`)
        return
      } catch (error) {
        if (this.#current === client) throw error
        // lost meanwhile: wait for the next connection
      }
    }
  }

  #unsubscribe(channel: string, handler: NotificationHandler): void {
    const handlers = this.#handlers.get(channel)
    if (!handlers?.delete(handler) || handlers.size > 0) return
    this.#handlers.delete(channel)
    const client = this.#current // a connection that is lost listens to nothing any more
    client?.query(`unlisten ${pg.escapeIdentifier(channel)}`).catch((error: Error) => {
      if (this.#current === client)
        this.#options.logger.warn({ err: error, channel }, 'could not end listening')
    })
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: 'mission-control notifications',
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: Math.min(ANSWER_MS, this.#heartbeatMs),
      keepAlive: true,
    })
    client.on('notification', ({ channel, payload }) => this.#deliver(channel, payload ?? ''))
    client.on('error', (error) => this.#lost(client, error))
    client.on('end', () => this.#lost(client, new Error('the server closed the connection')))
    await client.connect()
    try {
      for (const channel of this.#handlers.keys())
        await client.query(`listen ${pg.escapeIdentifier(channel)}`)
      this.#closed.signal.throwIfAborted()
    } catch (error) {
      client.connection.stream.destroy()
      throw error
    }
    this.#current = client
    return client
  }

  #lost(client: pg.Client, error: Error): void {
    if (this.#current !== client) return
    this.#current = null
    this.#options.logger.warn({ err: error }, 'lost the connection for notifications')
    client.connection.stream.destroy()
    this.#connection = this.#reconnect()
    this.#connection.catch(() => {}) // fails only when closed, and then tells whoever waits for it
  }

  async #reconnect(): Promise<pg.Client> {
    const { logger } = this.#options
    for (let wait = BACKOFF_MS.first; ; wait = Math.min(wait * 2, BACKOFF_MS.most)) {
      // spread out, so that the replicas do not come back in step
      await delay(wait * (0.5 + Math.random() / 2), undefined, { signal: this.#closed.signal })
      try {
        const client = await this.#connect()
        logger.info({}, 'listening for notifications again')
        for (const hook of this.#hooks) void this.#guard(hook, { hook: 'onReconnect' })
        return client
      } catch (error) {
        this.#closed.signal.throwIfAborted()
        logger.warn({ err: error }, 'cannot connect for notifications, trying again')
      }
    }
  }

  /** A connection may be dead without a word: a firewall dropped it, the machine is gone. */
  async #check(): Promise<void> {
    const client = this.#current
    await client?.query('select 1').catch((error: Error) => this.#lost(client, error))
  }

  #deliver(channel: string, payload: string): void {
    for (const handler of this.#handlers.get(channel) ?? []) {
      void this.#guard(() => handler(payload), { channel })
    }
  }

  async #guard(call: () => void | Promise<void>, about: object): Promise<void> {
    try {
      await call()
    } catch (error) {
      this.#options.logger.error({ err: error, ...about }, 'a notification handler failed')
    }
  }
}
