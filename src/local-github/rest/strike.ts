import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestFault } from '../faults.ts'
import { errorAnswer, writeAnswer } from './write.ts'

/** Lets a fault happen to a request instead of its answer. */
export function strike(fault: RequestFault, request: IncomingMessage, response: ServerResponse): void {
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
  const messages: Record<number, string> = {
    403: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    429: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
  }
  writeAnswer(response, errorAnswer(effect.status, messages[effect.status] ?? 'Server Error'), retry)
}
