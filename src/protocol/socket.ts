import { z } from 'zod'
import { Assignment, PROTOCOL_VERSION } from './assignment.ts'
import { CompletionAnswer, CompletionReport, ProgressAnswer, ProgressReport } from './report.ts'
import { text } from './text.ts'

/** Frames over this size are cut off (close code 1009). */
export const MAX_FRAME_BYTES = 1_000_000
/** Time an unauthenticated socket has for its `auth` frame. */
export const AUTH_SECONDS = 5

/** Close codes of `/ws`; 4000-4999 are ours (RFC 6455 section 7.4.2). */
export const CLOSE = {
  unauthorized: 4401,
  authTimeout: 4408,
  replaced: 4409,
  badFrame: 4400,
  flood: 4429,
  silent: 4410,
  goingAway: 1001,
} as const

/** Every frame has an id; both sides drop frames whose id they have seen (at-least-once delivery). */
const id = z.string().min(1).max(100)
const session = z.int().positive()

/** Frames that an agent sends. */
export const AgentFrame = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auth'), id, key: z.string().max(500) }),
  z.strictObject({ type: z.literal('accepted'), id, session }),
  z.strictObject({ type: z.literal('declined'), id, session, reason: text(500) }),
  z.strictObject({ type: z.literal('progress'), id, session, report: ProgressReport }),
  z.strictObject({ type: z.literal('complete'), id, session, report: CompletionReport }),
  z.strictObject({ type: z.literal('heartbeat'), id }),
])
export type AgentFrame = z.infer<typeof AgentFrame>

/** A frame of a known type that can be answered, whatever else is wrong with it. */
export const NamedFrame = z.object({
  type: z.enum(['auth', 'accepted', 'declined', 'progress', 'complete', 'heartbeat']),
  id,
})

/** Frames that the server sends. `answer` and `refused` refer to a frame of the agent by `to`. */
export const ServerFrame = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    id,
    protocol: z.literal(PROTOCOL_VERSION),
    agent: z.object({ id: z.int(), name: z.string() }),
    /** Sessions of this agent that are still live: go on with these, kill what is not among them. */
    resume: z.array(session),
  }),
  z.object({ type: z.literal('task_assigned'), id, assignment: Assignment }),
  z.object({ type: z.literal('stop'), id, session, reason: z.enum(['pause', 'cancel', 'revoked']) }),
  z.object({ type: z.literal('ping'), id }),
  z.object({
    type: z.literal('answer'),
    id,
    to: id,
    progress: ProgressAnswer.optional(),
    completion: CompletionAnswer.optional(),
  }),
  z.object({ type: z.literal('refused'), id, to: id, code: z.string(), detail: z.string() }),
])
export type ServerFrame = z.infer<typeof ServerFrame>
