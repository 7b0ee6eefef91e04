import { isGitHubError } from '../github/error.ts'
import { Postponed } from '../queue/queue.ts'

/**
 * Runs a call to GitHub inside a job. When GitHub asks us to wait, the job is put off until then instead of
 * failing: a limit is no fault.
 */
export async function respectingLimits<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    if (isGitHubError(error, 'rate_limited')) {
      throw new Postponed(error.until ?? new Date(Date.now() + 60_000), error.message)
    }
    throw error
  }
}

/** True when the repository or the app's access to it is gone: nothing to repeat, the webhooks tell the rest. */
export function isAway(error: unknown): boolean {
  return isGitHubError(error, 'not_found', 'gone', 'forbidden', 'unauthorized', 'suspended')
}
