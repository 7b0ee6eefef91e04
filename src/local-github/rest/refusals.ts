import type { Refusal } from '../actions/outcome.ts'
import type { LimitVerdict } from '../limits.ts'
import type { Answer } from './call.ts'
import { errorAnswer } from './write.ts'

/** A refusal in GitHub's shape; `docs` is the page of the operation, when there is one. */
export function refusalAnswer(refusal: Refusal, docs?: string): Answer {
  const { errors, message, status } = refusal
  return errorAnswer(status, message, { ...(errors && { errors }), docs: refusal.docs ?? docs })
}

const limitDocs = {
  primary: 'https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting',
  secondary: 'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits',
} as const

/** What GitHub says when a secondary limit was hit. */
export const secondaryMessages = {
  requests: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
  content:
    'You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.',
} as const

function primaryMessage(limitKey: string): string {
  if (limitKey === 'anonymous')
    return "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)"
  return `API rate limit exceeded for ${limitKey.replace(' ', ' ID ')}.`
}

/** A limit that was hit, in GitHub's words. Only a secondary one says in `retry-after` when to come back. */
export function limitAnswer(verdict: Exclude<LimitVerdict, { ok: true }>, limitKey: string): Answer {
  const { kind, status } = verdict
  if (kind === 'primary') return errorAnswer(status, primaryMessage(limitKey), { docs: limitDocs.primary })
  return errorAnswer(status, secondaryMessages[verdict.because], {
    docs: limitDocs.secondary,
    headers: { 'retry-after': String(verdict.retryAfter) },
  })
}

/** An operation or a field that GitHub has and the local GitHub has not. */
export function notEmulated(what: string): Answer {
  return errorAnswer(501, `Not emulated by the local GitHub: ${what}`)
}
