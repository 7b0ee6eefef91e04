import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Answer } from './call.ts'

/** Gives a JSON answer to a read its `etag`, and makes it a 304 when the caller has that very answer already. */
export function conditional(request: IncomingMessage, answer: Answer): Answer {
  if (request.method !== 'GET' || answer.status !== 200 || answer.raw) return answer
  const etag = `W/"${createHash('sha256').update(JSON.stringify(answer.body)).digest('hex')}"`
  const headers = { ...answer.headers, etag }
  const known = (request.headers['if-none-match'] ?? '').split(/\s*,\s*/)
  return known.includes(etag) ? { status: 304, headers } : { ...answer, headers }
}
