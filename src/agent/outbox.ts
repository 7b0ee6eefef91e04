import type { AgentFrame } from '../protocol/socket.ts'

/** Frames that are sent again after a reconnect, with the same id, until the server has answered or refused them. */
export type ReliableFrame = Extract<AgentFrame, { type: 'accepted' | 'progress' | 'complete' }>

type Outbox = {
  /** Keeps a frame. A newer report of a session replaces its older progress: reports carry totals. */
  add(frame: ReliableFrame): void
  /** The frame that an answer refers to, also when a newer one replaced it; null for one that was never kept. */
  settle(to: string): { session: number; type: ReliableFrame['type'] } | null
  /** Drops what a lost session still had to say, except its completion: the answer to that is idempotent. */
  forget(session: number): void
  /** In the order in which they were added. */
  unanswered(): ReliableFrame[]
  unansweredCompletions(): number
}

const REMEMBERED = 1_000

export function createOutbox(): Outbox {
  const waiting = new Map<string, ReliableFrame>()
  const origins = new Map<string, { session: number; type: ReliableFrame['type'] }>()

  function drop(session: number, types: readonly ReliableFrame['type'][]): void {
    for (const [id, frame] of waiting) {
      if (frame.session === session && types.includes(frame.type)) waiting.delete(id)
    }
  }

  return {
    add(frame) {
      if (frame.type !== 'accepted') drop(frame.session, ['progress'])
      waiting.set(frame.id, frame)
      origins.set(frame.id, { session: frame.session, type: frame.type })
      const [oldest] = origins.keys()
      if (origins.size > REMEMBERED && oldest !== undefined) origins.delete(oldest)
    },
    settle(to) {
      const origin = origins.get(to) ?? null
      if (origin === null) return null
      waiting.delete(to)
      origins.delete(to)
      // An answer to any report proves that the server knows the session as ours.
      drop(origin.session, ['accepted'])
      return origin
    },
    forget(session) {
      drop(session, ['accepted', 'progress'])
    },
    unanswered: () => [...waiting.values()],
    unansweredCompletions: () => [...waiting.values()].filter((frame) => frame.type === 'complete').length,
  }
}
