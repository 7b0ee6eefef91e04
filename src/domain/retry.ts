/** Backoff between attempts at a task. Times in milliseconds. */

export const firstDelay = 10_000
export const longestDelay = 300_000

/**
 * The pause after the given number of failed attempts (1 for the first): 10 s, doubled each time, at most 5 min.
 * `jitter` in [0, 1) spreads it over the upper half, so that tasks that failed together do not come back together.
 */
export function backoff(attempts: number, jitter: number): number {
  if (!(attempts >= 1)) throw new RangeError(`attempts start at 1, got ${attempts}`)
  if (!(jitter >= 0 && jitter < 1)) throw new RangeError(`jitter must be in [0, 1), got ${jitter}`)
  const full = Math.min(longestDelay, firstDelay * 2 ** (attempts - 1))
  return Math.round(full / 2 + (full / 2) * jitter)
}

export type RetryDecision =
  | {
      readonly retry: true
      readonly attempts: number
      readonly delayMs: number
      readonly event: 'attempt_failed'
    }
  | { readonly retry: false; readonly attempts: number; readonly event: 'attempts_exhausted' }

/** Decides after a counted failure whether the task is tried again; `attempts` are those counted before this one. */
export function afterFailure(input: {
  attempts: number
  maxAttempts: number
  jitter: number
}): RetryDecision {
  const attempts = input.attempts + 1
  if (attempts >= input.maxAttempts) return { retry: false, attempts, event: 'attempts_exhausted' }
  return { retry: true, attempts, delayMs: backoff(attempts, input.jitter), event: 'attempt_failed' }
}
