import type { Pool } from 'pg'
import type { Logger } from '../runtime/logger.ts'
import { Listener, type NotificationHandler, type ReconnectHook } from './notifications/listener.ts'
import { Outbox } from './notifications/outbox.ts'

export interface NotificationsOptions {
  /** A direct address of the database: LISTEN does not work behind a transaction pooler. */
  url: string
  /** What publishes; may go through a pooler. */
  pool: Pool
  logger: Pick<Logger, 'info' | 'warn' | 'error'>
  /** How often a silent connection is checked, in milliseconds; 30 s unless told. */
  heartbeatMs?: number
}

/**
 * Messages between the replicas, over LISTEN/NOTIFY. They are hints to look again: those sent while
 * the connection was down are lost, so whoever subscribes also re-reads `onReconnect`.
 */
export interface Notifications {
  /**
   * Sends a message soon, together with others; the same message twice at once goes out once.
   * Call it after the commit, never inside a transaction: NOTIFY takes a global lock at commit.
   * Throws when the payload is longer than 7,900 bytes. A message that cannot be sent is logged.
   */
  publish(channel: string, payload: string): void
  /** Resolves when everything published so far has been sent or given up. */
  flush(): Promise<void>
  /**
   * Calls the handler with each message of a channel. Resolves when the server listens, so that
   * what is read afterwards misses nothing. A handler that fails is logged.
   * @returns ends the subscription
   */
  subscribe(channel: string, handler: NotificationHandler): Promise<() => void>
  /** Calls the hook each time the connection is back after a loss. @returns removes the hook */
  onReconnect(hook: ReconnectHook): () => void
  /** Sends what waits, then closes the connection. Twice is allowed. */
  close(): Promise<void>
}

/** Opens the listening connection; throws when the database cannot be reached now. */
export async function openNotifications(options: NotificationsOptions): Promise<Notifications> {
  const listener = await Listener.open(options)
  const outbox = new Outbox(options.pool, options.logger)
  let closing: Promise<void> | null = null
  return {
    publish: (channel, payload) => outbox.publish(channel, payload),
    flush: () => outbox.flush(),
    subscribe: (channel, handler) => listener.subscribe(channel, handler),
    onReconnect: (hook) => listener.onReconnect(hook),
    close() {
      closing ??= outbox.flush().then(() => listener.close())
      return closing
    },
  }
}
