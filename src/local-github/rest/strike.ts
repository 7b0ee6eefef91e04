import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestFault } from '../faults.ts'
import { secondaryMessages } from './refusals.ts'
import { errorAnswer, writeAnswer } from './write.ts'

/** Lets a fault happen to a request instead of its answer; `headers` go with an answer that it makes. */
export function strike(
  fault: RequestFault,
  request: IncomingMessage,
  response: ServerResponse,
  headers: Record<string, string>,
): void {
  const { effect } = fault
  if (effect === 'hang') {
    request.resume()
    return
  }
  if (effect === 'disconnect') {
    response.destroy()
    return
  }
  request.resume()
  const retry = effect.retryAfter === undefined ? {} : { 'retry-after': String(effect.retryAfter) }
  const message = effect.status < 500 ? secondaryMessages.requests : 'Server Error'
  writeAnswer(response, errorAnswer(effect.status, message), { ...headers, ...retry })
}
