import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import type { Faults } from './faults.ts'
import { readBody } from './rest/body.ts'

const times = z.int().min(1).max(1_000).optional()

const schema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('webhook'),
    event: z.string().optional(),
    action: z.string().optional(),
    times,
    effect: z.union([
      z.enum(['duplicate', 'drop', 'reorder']),
      z.strictObject({ delayMs: z.int().min(0).max(3_600_000) }),
    ]),
  }),
  z.strictObject({
    kind: z.literal('request'),
    operationId: z.string().optional(),
    pathRegex: z.string().refine(isPattern, 'not a regular expression').optional(),
    times,
    when: z.enum(['before', 'after']).optional(),
    effect: z.union([
      z.enum(['hang', 'disconnect']),
      z.strictObject({
        status: z.literal([403, 429, 500, 502, 503]),
        retryAfter: z.int().min(0).optional(),
      }),
    ]),
  }),
  z.strictObject({ kind: z.literal('token'), expireNow: z.literal(true) }),
])

function isPattern(source: string): boolean {
  try {
    return Boolean(new RegExp(source))
  } catch {
    return false
  }
}

function isAdmin(request: IncomingMessage, adminToken: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${adminToken}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function reply(response: ServerResponse, status: number, body?: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.end(body === undefined ? '' : JSON.stringify(body))
}

/** `POST /_local/faults` arms a fault, `DELETE /_local/faults` disarms all; for tests in another process. */
export async function serveFaults(
  faults: Faults,
  adminToken: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const read = await readBody(request)
  if (!isAdmin(request, adminToken)) return reply(response, 401, { message: 'Bad credentials' })
  if (request.method === 'DELETE') {
    faults.clear()
    return reply(response, 204)
  }
  if (request.method !== 'POST') return reply(response, 405, { message: 'Use POST or DELETE.' })
  if (!read.ok) return reply(response, read.status, { message: read.message })
  const parsed = schema.safeParse(read.body)
  if (!parsed.success) return reply(response, 422, { message: z.prettifyError(parsed.error) })
  return reply(response, 201, { id: faults.add(withoutAbsent(parsed.data)) })
}

type Known<Value> = Value extends object
  ? { [Key in keyof Value]: Known<Exclude<Value[Key], undefined>> }
  : Value

/** Optional fields that were not sent, left out instead of undefined. */
function withoutAbsent<Value extends object>(value: Value): Known<Value> {
  return JSON.parse(JSON.stringify(value)) as Known<Value>
}
