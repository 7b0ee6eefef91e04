import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'

/** Where the blocks of installations are kept, so that all replicas respect them. Given by the caller. */
export interface LimitsPort {
  blockedUntil(installationId: number): Promise<Date | null>
  block(installationId: number, until: Date): Promise<void>
}

export type ResponseHeaders = Readonly<Record<string, string | number | undefined>>

const CACHE_MS = 1_000
const FIRST_WAIT_MS = 60_000
const LONGEST_WAIT_MS = 2 * 60 * 60_000

/**
 * When calls may go on after a limit: `retry-after`, then `x-ratelimit-reset` of a spent quota, else 60 s and
 * doubling. Source: docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 * @param inARow how many limits came before this one with no success between
 */
export function blockedUntil(headers: ResponseHeaders, now: Date, inARow: number): Date {
  const wait = waitMs(headers, now) ?? FIRST_WAIT_MS * 2 ** Math.min(inARow, 6)
  return new Date(now.getTime() + Math.min(Math.max(wait, 1_000), LONGEST_WAIT_MS))
}

function waitMs(headers: ResponseHeaders, now: Date): number | null {
  const after = headers['retry-after']
  if (after !== undefined) {
    const seconds = Number(after)
    const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(String(after)) - now.getTime()
    if (Number.isFinite(ms)) return ms
  }
  return quotaSpent(headers) ? Number(headers['x-ratelimit-reset']) * 1_000 - now.getTime() : null
}

/** True when this answer used up the hourly quota and says when the next one starts. */
function quotaSpent(headers: ResponseHeaders): boolean {
  return headers['x-ratelimit-remaining'] === '0' && Number(headers['x-ratelimit-reset']) > 0
}

/** True when an answer means "slow down" and not "you may not": both come as 403. */
export function isLimit(status: number, headers: ResponseHeaders, message: string): boolean {
  if (status === 429) return true
  if (status !== 403) return false
  return (
    headers['retry-after'] !== undefined ||
    headers['x-ratelimit-remaining'] === '0' ||
    /secondary rate limit|rate limit exceeded|abuse detection/i.test(message)
  )
}

/** Keeps calls back while GitHub has asked for a pause. `null` is the app itself, outside any installation. */
export interface Gate {
  /** Until when no call may be made, or null. Answers are at most a second old. */
  closedUntil(installationId: number | null): Promise<Date | null>
  /** GitHub refused a call for its limits: closes the gate and returns until when. */
  limited(installationId: number | null, headers: ResponseHeaders): Promise<Date>
  /** GitHub answered normally; closes the gate when that was the last call of the quota. */
  answered(installationId: number | null, headers: ResponseHeaders): Promise<void>
}

/** A block that cannot be stored still holds in this process; that is logged. */
export function createGate(port: LimitsPort, clock: Clock, logger: Logger): Gate {
  const known = new Map<number | null, { until: Date | null; readAt: number }>()
  const inARow = new Map<number | null, number>()

  async function close(installationId: number | null, until: Date): Promise<void> {
    known.set(installationId, { until, readAt: clock.now().getTime() })
    if (installationId === null) return
    try {
      await port.block(installationId, until)
    } catch (error) {
      logger.error({ err: error, installationId, until }, 'could not store that GitHub asked for a pause')
    }
  }

  async function ask(installationId: number): Promise<Date | null> {
    const now = clock.now().getTime()
    const entry = known.get(installationId)
    if (entry !== undefined && Math.abs(now - entry.readAt) < CACHE_MS) return entry.until
    const until = later(entry?.until ?? null, await port.blockedUntil(installationId))
    known.set(installationId, { until, readAt: now })
    return until
  }

  return {
    async closedUntil(installationId) {
      const until = installationId === null ? (known.get(null)?.until ?? null) : await ask(installationId)
      return until !== null && until > clock.now() ? until : null
    },
    async limited(installationId, headers) {
      const count = inARow.get(installationId) ?? 0
      const until = blockedUntil(headers, clock.now(), count)
      inARow.set(installationId, count + 1)
      await close(installationId, until)
      return until
    },
    async answered(installationId, headers) {
      inARow.delete(installationId)
      if (quotaSpent(headers)) await close(installationId, blockedUntil(headers, clock.now(), 0))
    },
  }
}

function later(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other
  return one > other ? one : other
}
