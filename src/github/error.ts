import type { OperationId } from './operations.ts'

/**
 * What went wrong, by what the caller can do about it:
 * `unavailable` is safe to repeat later; `uncertain` means that something may have been created: look before
 * repeating; `rate_limited` says until when; `suspended` and `gone` end until GitHub tells otherwise.
 */
export type GitHubErrorKind =
  | 'not_found'
  | 'gone'
  | 'forbidden'
  | 'unauthorized'
  | 'validation'
  | 'rate_limited'
  | 'suspended'
  | 'unavailable'
  | 'uncertain'

type Details = { status?: number | null; until?: Date | null; errors?: readonly string[]; cause?: unknown }

/** The only error that the GitHub room throws for what GitHub or the network did. Holds no token. */
export class GitHubError extends Error {
  override readonly name = 'GitHubError'
  readonly kind: GitHubErrorKind
  readonly operationId: OperationId
  /** HTTP status; null when there was no answer. */
  readonly status: number | null
  /** When `rate_limited`: do not call for this installation before. */
  readonly until: Date | null
  /** When `validation`: GitHub's reasons. */
  readonly errors: readonly string[]

  constructor(kind: GitHubErrorKind, operationId: OperationId, message: string, details: Details = {}) {
    super(`${operationId}: ${message}`, details.cause === undefined ? undefined : { cause: details.cause })
    this.kind = kind
    this.operationId = operationId
    this.status = details.status ?? null
    this.until = details.until ?? null
    this.errors = details.errors ?? []
  }
}

/** True when the error is a GitHubError of one of the kinds. */
export function isGitHubError(error: unknown, ...kinds: GitHubErrorKind[]): error is GitHubError {
  return error instanceof GitHubError && (kinds.length === 0 || kinds.includes(error.kind))
}

/** Null instead of a `not_found`, where being absent is an answer. */
export async function nullWhenAbsent<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (isGitHubError(error, 'not_found')) return null
    throw error
  }
}
