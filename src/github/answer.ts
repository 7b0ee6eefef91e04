import { GitHubError, type GitHubErrorKind } from './error.ts'
import { isLimit, type ResponseHeaders } from './limits.ts'
import { type OperationId, operations } from './operations.ts'
import { RedirectRefused } from './redirect.ts'

export type Answer = { readonly status: number; readonly headers: ResponseHeaders; readonly data: unknown }

/** What a failed request means; `limited` makes its error once it is known until when to wait. */
export type Failure =
  | { readonly kind: 'known'; readonly status: number | null; readonly error: GitHubError }
  | {
      readonly kind: 'limited'
      readonly status: number
      readonly headers: ResponseHeaders
      readonly limited: (until: Date) => GitHubError
    }

/** Failures before a byte of the request left: nothing can have happened at GitHub. */
const NOT_SENT = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]

/** Names what an Octokit request threw; null when it was not GitHub or the network but a fault of our own. */
export function failureOf(error: unknown, operationId: OperationId): Failure | null {
  if (!isRequestError(error)) return null
  return error.response === undefined
    ? { kind: 'known', status: null, error: unanswered(error, operationId) }
    : refused(error.response, operationId)
}

type RequestError = Error & { status: number; response?: Answer }

function isRequestError(error: unknown): error is RequestError {
  return (
    error instanceof Error && (error.name === 'HttpError' || error.name === 'AbortError') && 'status' in error
  )
}

/** No answer: refused redirects and connections never reached anything, all else may have. */
function unanswered(error: RequestError, operationId: OperationId): GitHubError {
  const cause = error.cause
  if (cause instanceof RedirectRefused) {
    return new GitHubError(cause.moved ? 'gone' : 'unavailable', operationId, cause.message)
  }
  const reached = !NOT_SENT.some((code) => codesOf(cause).includes(code))
  const kind = reached && !operations[operationId].repeatable ? 'uncertain' : 'unavailable'
  return new GitHubError(kind, operationId, `no answer from GitHub: ${error.message}`, { cause })
}

function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : []
  const inner = error instanceof AggregateError ? error.errors.flatMap(codesOf) : []
  return [...own, ...inner, ...codesOf(error.cause)]
}

function refused(response: Answer, operationId: OperationId): Failure {
  const { status, headers } = response
  const { message, errors } = explanation(response.data)
  if (isLimit(status, headers, message)) {
    const limited = (until: Date): GitHubError =>
      new GitHubError('rate_limited', operationId, message, { status, until })
    return { kind: 'limited', status, headers, limited }
  }
  const kind = kindOf(status, message, operationId)
  return { kind: 'known', status, error: new GitHubError(kind, operationId, message, { status, errors }) }
}

function kindOf(status: number, message: string, operationId: OperationId): GitHubErrorKind {
  if (status >= 500) return operations[operationId].repeatable ? 'unavailable' : 'uncertain'
  if (status === 403 && /suspended/i.test(message)) return 'suspended'
  // a locked conversation takes no comment of an app, however often it is tried
  if (status === 403 && /\bis locked\b/.test(message)) return 'gone'
  // The installation that a token is asked for was removed.
  if (status === 404 && operationId === 'apps/create-installation-access-token') return 'gone'
  switch (status) {
    case 401:
      return 'unauthorized'
    case 404:
      return 'not_found'
    case 410:
      return 'gone'
    case 400:
    case 409:
    case 422:
      return 'validation'
    case 408:
      return 'unavailable'
    default:
      return 'forbidden'
  }
}

/** GitHub's error body: `message`, and `errors` as texts or as `{resource, field, code, message?}`. */
function explanation(data: unknown): { message: string; errors: string[] } {
  if (typeof data !== 'object' || data === null || !('message' in data) || typeof data.message !== 'string') {
    return { message: 'GitHub gave no reason', errors: [] }
  }
  const errors = 'errors' in data && Array.isArray(data.errors) ? data.errors.map(reasonOf) : []
  return { message: errors.length > 0 ? `${data.message}: ${errors.join('; ')}` : data.message, errors }
}

function reasonOf(reason: unknown): string {
  if (typeof reason !== 'object' || reason === null) return String(reason)
  if ('message' in reason && typeof reason.message === 'string') return reason.message
  const parts = [
    'resource' in reason && reason.resource,
    'field' in reason && reason.field,
    'code' in reason && reason.code,
  ]
  return parts.filter(Boolean).join(' ')
}
