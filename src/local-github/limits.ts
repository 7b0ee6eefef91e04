export interface Limits {
  /** Requests per token and hour. */
  perHour: number
  /** Requests without a token, per hour. */
  anonymousPerHour: number
  /** Content-creating requests of one installation or user. */
  contentPerMinute: number
  contentPerHour: number
  /** Requests of one token at the same time. */
  concurrent: number
}

/** GitHub's numbers; https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
export const githubLimits: Limits = {
  perHour: 5_000,
  anonymousPerHour: 60,
  contentPerMinute: 80,
  contentPerHour: 500,
  concurrent: 100,
}

/** Operations that write something people are told about. */
export const contentCreatingOperations: ReadonlySet<string> = new Set([
  'issues/create',
  'issues/create-comment',
  'issues/update-comment',
  'pulls/create',
])

export type LimitVerdict = { ok: true } | { ok: false; kind: 'primary' | 'secondary'; retryAfter: number }

interface Account {
  windowEndsAt: number
  used: number
  inFlight: number
  created: number[]
}

const hourMs = 3_600_000
const minuteMs = 60_000

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
  enter(key: string): LimitVerdict {
    const account = this.#account(key)
    account.used += 1
    account.inFlight += 1
    if (account.used > this.#limit(key))
      return { ok: false, kind: 'primary', retryAfter: this.#secondsTo(account.windowEndsAt) }
    if (account.inFlight > this.#limits.concurrent) return { ok: false, kind: 'secondary', retryAfter: 60 }
    return { ok: true }
  }

  leave(key: string): void {
    this.#account(key).inFlight -= 1
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
    if (blocking)
      return {
        ok: false,
        kind: 'secondary',
        retryAfter: this.#secondsTo((blocking.from ?? now) + blocking.windowMs),
      }
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

  #secondsTo(time: number): number {
    return Math.max(1, Math.ceil((time - this.#now().getTime()) / 1000))
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
    }
    this.#accounts.set(key, fresh)
    return fresh
  }
}
