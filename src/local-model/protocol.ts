import type { Answer, Conversation } from './conversation.ts'
import type { EventStream } from './event-stream.ts'
import type { Fault, ScriptUsage } from './script.ts'

/** An answer that refuses. */
export type RefusalAnswer = { status: number; headers: Record<string, string>; body: object }
/** Faults that a provider puts into words; the others are faults of the connection. */
export type SpokenFault = Exclude<Fault, 'hang' | 'cut' | 'garbage'>

/** One provider's way to speak. */
export type Protocol = {
  path: string
  /** Throws when the body is not what a client of this protocol sends. */
  read(body: unknown): Conversation
  /** Tells the answer; with `cut` it stops in the middle and does not end. */
  stream(events: EventStream, told: Told & { cut: boolean }): void
  whole(told: Told): object
  refuse(fault: SpokenFault, now: Date): RefusalAnswer
}
export type Told = { model: string; answer: Answer; usage: ScriptUsage }
