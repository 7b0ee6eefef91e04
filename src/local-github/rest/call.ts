import type { IncomingHttpHeaders } from 'node:http'
import type { Outcome, Refusal } from '../actions/outcome.ts'
import type { Actor } from '../auth/actor.ts'
import type { LocalGitHubContext } from '../context.ts'
import type { LimitCounters } from '../limits.ts'
import type { Permissions } from '../store/installation.ts'
import type { Repository } from '../store/repository.ts'
import type { Courier } from '../webhooks/courier.ts'

/** What REST handlers need beyond the actions. */
export interface RestContext extends LocalGitHubContext {
  courier: Courier
  counters: LimitCounters
  /** What the app asks for, and so the most a token can hold. */
  appPermissions: Permissions
  accessTokenSeconds: number
}

/** One request that has passed every check before the handlers. */
export interface Call {
  context: RestContext
  actor: Actor | null
  /** Key of the caller's rate limit. */
  limitKey: string
  params: Readonly<Record<string, string>>
  query: Readonly<Record<string, unknown>>
  body: unknown
  headers: IncomingHttpHeaders
  /** Path and query as they were asked for, for `Link` headers. */
  address: URL
}

export interface SignedCall extends Call {
  actor: Actor
}

/** A call about a repository that the caller can see. */
export interface RepositoryCall extends Call {
  repository: Repository
}

export interface WriteCall extends RepositoryCall {
  actor: Actor
}

export interface Answer {
  status: number
  /** JSON; nothing for 204. */
  body?: unknown
  /** Sent instead of JSON. */
  raw?: { type: string; content: string | Uint8Array }
  headers?: Record<string, string>
}

type Handler<Kind> = (call: Kind) => Promise<Answer | Refusal> | Answer | Refusal

/** The handlers of one area by operation id. */
export interface Area {
  general?: Readonly<Record<string, Handler<Call>>>
  signed?: Readonly<Record<string, Handler<SignedCall>>>
  reads?: Readonly<Record<string, Handler<RepositoryCall>>>
  writes?: Readonly<Record<string, Handler<WriteCall>>>
}

export const ok = (body: unknown): Answer => ({ status: 200, body })

/** A new thing; `location` is its address in the API, when it has one. */
export function created(body: unknown): Answer {
  const url = (body as { url?: unknown }).url
  return { status: 201, body, ...(typeof url === 'string' && { headers: { location: url } }) }
}

export const noContent = (): Answer => ({ status: 204 })

/** Turns what an action did into an answer; its refusals pass as they are. */
export async function answer<Value>(
  outcome: Outcome<Value> | Promise<Outcome<Value>>,
  show: (value: Value) => Answer | Promise<Answer>,
): Promise<Answer | Refusal> {
  const result = await outcome
  return result.ok ? show(result.value) : result
}

/** The body as an object; the schema check has made sure that it is one. */
export function bodyOf(call: Call): Readonly<Record<string, unknown>> {
  return (call.body ?? {}) as Readonly<Record<string, unknown>>
}

/** A text field of a checked body. GitHub takes numbers for some of them. */
export function text(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value)
}

/** Names in a checked list of texts or of objects with a name. */
export function names(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value.flatMap((item: unknown) => {
    if (typeof item === 'string') return [item]
    const name = (item as { name?: unknown } | null)?.name
    return typeof name === 'string' ? [name] : []
  })
}
