import type { Refusal } from '../actions/outcome.ts'
import type { LimitVerdict } from '../limits.ts'
import type { Answer } from './call.ts'
import { errorAnswer } from './write.ts'

/** A refusal in GitHub's shape. */
export function refusalAnswer(refusal: Refusal): Answer {
  return errorAnswer(refusal.status, refusal.message, refusal.errors && { errors: refusal.errors })
}

/** A limit that was hit, in GitHub's words. */
export function limitAnswer(verdict: Exclude<LimitVerdict, { ok: true }>, limitKey: string): Answer {
  if (verdict.kind === 'primary')
    return errorAnswer(403, `API rate limit exceeded for ${limitKey.replace(' ', ' ID ')}.`)
  const message =
    'You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.'
  return errorAnswer(403, message, { headers: { 'retry-after': String(verdict.retryAfter) } })
}

/** An operation or a field that GitHub has and the local GitHub has not. */
export function notEmulated(what: string): Answer {
  return errorAnswer(501, `Not emulated by the local GitHub: ${what}`)
}
