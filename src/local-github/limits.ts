export interface Limits {
  /** Requests per token and hour. */
  perHour: number
  /** Requests without a token, per hour. */
  anonymousPerHour: number
  /** Points of one token in a minute: a read costs 1, a write 5. */
  pointsPerMinute: number
  /** Content-creating requests of one installation or user. */
  contentPerMinute: number
  contentPerHour: number
  /** Requests of one token at the same time. */
  concurrent: number
  /** GitHub answers either for a limit that was hit, and says that clients must know both. */
  status: 403 | 429
}

/** GitHub's numbers; https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
export const githubLimits: Limits = {
  perHour: 5_000,
  anonymousPerHour: 60,
  pointsPerMinute: 900,
  contentPerMinute: 80,
  contentPerHour: 500,
  concurrent: 100,
  status: 403,
}

/** Operations that write something people are told about. */
export const contentCreatingOperations: ReadonlySet<string> = new Set([
  'issues/create',
  'issues/create-comment',
  'issues/update-comment',
  'pulls/create',
])

/** Operations that the hourly limit does not count. */
const freeOperations: ReadonlySet<string> = new Set(['rate-limit/get'])

/** A request as the limits see it. */
export interface CountedRequest {
  /** `null` for a path that is no operation. */
  operationId: string | null
  method: string
}

export type LimitVerdict =
  | { ok: true }
  | { ok: false; kind: 'primary'; status: 403 | 429 }
  | { ok: false; kind: 'secondary'; status: 403 | 429; because: 'requests' | 'content'; retryAfter: number }

interface Account {
  windowEndsAt: number
  used: number
  inFlight: number
  created: number[]
  points: { windowEndsAt: number; used: number }
}

const hourMs = 3_600_000
const minuteMs = 60_000

/** What GitHub charges against the points of a minute. */
function pointsOf(method: string): number {
  return ['GET', 'HEAD', 'OPTIONS'].includes(method) ? 1 : 5
}

/** Counts the requests of every token; one window of an hour each, as GitHub. */
export class LimitCounters {
  readonly #accounts = new Map<string, Account>()
  readonly #limits: Limits
  readonly #now: () => Date

  constructor(limits: Limits, now: () => Date) {
    this.#limits = limits
    this.#now = now
  }

  /** Counts one request; `leave` must follow when it is over. */
  enter(key: string, request: CountedRequest): LimitVerdict {
    const account = this.#account(key)
    const { concurrent, pointsPerMinute, status } = this.#limits
    account.inFlight += 1
    if (!freeOperations.has(request.operationId ?? '')) account.used += 1
    if (account.used > this.#limit(key)) return { ok: false, kind: 'primary', status }
    const points = this.#points(account)
    points.used += pointsOf(request.method)
    if (account.inFlight > concurrent) return this.#secondary('requests', minuteMs)
    if (points.used > pointsPerMinute)
      return this.#secondary('requests', points.windowEndsAt - this.#now().getTime())
    return { ok: true }
  }

  leave(key: string): void {
    this.#account(key).inFlight -= 1
  }

  /** Takes a request back that GitHub does not count: one that was answered with 304. */
  refund(key: string): void {
    const account = this.#account(key)
    account.used = Math.max(0, account.used - 1)
  }

  /** Counts one content-creating request. */
  create(key: string): LimitVerdict {
    const account = this.#account(key)
    const now = this.#now().getTime()
    account.created = account.created.filter((at) => at > now - hourMs)
    const lastMinute = account.created.filter((at) => at > now - minuteMs)
    const blocking =
      account.created.length >= this.#limits.contentPerHour
        ? { from: account.created[0], windowMs: hourMs }
        : lastMinute.length >= this.#limits.contentPerMinute
          ? { from: lastMinute[0], windowMs: minuteMs }
          : null
    if (blocking) return this.#secondary('content', (blocking.from ?? now) + blocking.windowMs - now)
    account.created.push(now)
    return { ok: true }
  }

  /** GitHub's `core` rate of a token. */
  rate(key: string): { limit: number; used: number; remaining: number; reset: number } {
    const account = this.#account(key)
    const limit = this.#limit(key)
    const used = Math.min(account.used, limit)
    return { limit, used, remaining: limit - used, reset: Math.ceil(account.windowEndsAt / 1000) }
  }

  #limit(key: string): number {
    return key === 'anonymous' ? this.#limits.anonymousPerHour : this.#limits.perHour
  }

  #secondary(because: 'requests' | 'content', waitMs: number): LimitVerdict {
    const retryAfter = Math.max(1, Math.ceil(waitMs / 1000))
    return { ok: false, kind: 'secondary', status: this.#limits.status, because, retryAfter }
  }

  #points(account: Account): Account['points'] {
    const now = this.#now().getTime()
    if (account.points.windowEndsAt <= now) account.points = { windowEndsAt: now + minuteMs, used: 0 }
    return account.points
  }

  #account(key: string): Account {
    const now = this.#now().getTime()
    const known = this.#accounts.get(key)
    if (known && known.windowEndsAt > now) return known
    const fresh = {
      windowEndsAt: now + hourMs,
      used: 0,
      inFlight: known?.inFlight ?? 0,
      created: known?.created ?? [],
      points: known?.points ?? { windowEndsAt: 0, used: 0 },
    }
    this.#accounts.set(key, fresh)
    return fresh
  }
}
