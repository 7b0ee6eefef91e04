import type { DriverReport } from '../../protocol/driver-report.ts'

/**
 * What the provider of a model refused. `rate_limited`: too many requests at once; `exhausted`: the credit or the
 * allowance of a plan is spent; `overloaded`: the provider's own trouble, any 5xx; `auth`: the key is not accepted.
 * `until` is null when the provider did not say when it takes requests again.
 */
export type Limit =
  | { kind: 'rate_limited' | 'exhausted'; until: Date | null }
  | { kind: 'overloaded' | 'auth' | 'other' }

/** What a program told of a refusal, in its own terms; everything may be missing. */
export type Refusal = {
  /** The HTTP status of the provider's answer. */
  status?: number | null | undefined
  /** Names of the error, the most specific first, such as `billing_error` or `usage_limit_reached`. */
  names?: readonly (string | null | undefined)[]
  /** When the allowance is renewed, in seconds since 1970. */
  resetsAt?: number | null | undefined
  text?: string | undefined
}

const LONGEST_WAIT_MS = 8 * 24 * 3600 * 1000
/** How long a refusal that does not say until when is waited for; a spent credit waits as long as the server decides. */
const RATE_COOLDOWN_MS = 5 * 60_000

const BY_NAME: Record<string, Limit['kind']> = {
  usage_limit_reached: 'exhausted',
  usageLimitExceeded: 'exhausted',
  billing_error: 'exhausted',
  insufficient_quota: 'exhausted',
  insufficient_credits: 'exhausted',
  rate_limit: 'rate_limited',
  rate_limit_error: 'rate_limited',
  rate_limit_exceeded: 'rate_limited',
  overloaded: 'overloaded',
  overloaded_error: 'overloaded',
  server_is_overloaded: 'overloaded',
  authentication_failed: 'auth',
  authentication_error: 'auth',
  permission_error: 'auth',
  oauth_org_not_allowed: 'auth',
  invalid_api_key: 'auth',
}

const BY_STATUS: Record<number, Limit['kind']> = {
  401: 'auth',
  402: 'exhausted',
  403: 'auth',
  429: 'rate_limited',
  500: 'overloaded',
  502: 'overloaded',
  503: 'overloaded',
  504: 'overloaded',
  529: 'overloaded',
}

const BY_TEXT: readonly (readonly [RegExp, Limit['kind']])[] = [
  [
    /usage limit|quota exceeded|exceeded your current quota|credit balance|insufficient (credits|quota)|hit your .{0,20}limit/i,
    'exhausted',
  ],
  [
    /invalid (x-)?api[ -]key|incorrect api key|not logged in|please run \/login|unauthorized|authentication/i,
    'auth',
  ],
  [/overloaded|at capacity|high demand/i, 'overloaded'],
  [/rate limit|too many requests/i, 'rate_limited'],
]

/**
 * Says what a refusal means: by its names, else by a status in a field, else by its text (in which a status may stand);
 * null when nothing speaks of a refusal. `now` anchors times of day; clocks in texts are read as UTC.
 */
export function classifyLimit(refusal: Refusal, now: Date): Limit | null {
  const { status, names = [], text = '' } = refusal
  const named = names.flatMap((name) => (name && Object.hasOwn(BY_NAME, name) ? [BY_NAME[name]] : []))[0]
  const kind = named ?? byStatus(status) ?? byText(text) ?? (status ? 'other' : null)
  if (kind === null) return null
  if (kind !== 'rate_limited' && kind !== 'exhausted') return { kind }
  return {
    kind,
    until: clamp(refusal.resetsAt ? new Date(refusal.resetsAt * 1_000) : untilIn(text, now), now),
  }
}

function byStatus(status: number | null | undefined): Limit['kind'] | undefined {
  return status === null || status === undefined ? undefined : BY_STATUS[status]
}

function byText(text: string): Limit['kind'] | undefined {
  const found = BY_TEXT.find(([pattern]) => pattern.test(text))?.[1]
  const [, status] = /\bstatus:? (\d{3})\b/.exec(text) ?? []
  return found ?? byStatus(status === undefined ? null : Number(status))
}

/** The time that a text names: `try again in 30s`, `at 6:58 AM`, `at Nov 24th, 2026 6:58 AM`, `resets 1:52pm`. */
function untilIn(text: string, now: Date): Date | null {
  const [, amount, unit = ''] = /\bin (\d+(?:\.\d+)?) ?(ms|s|m|h|d)/.exec(text) ?? []
  if (amount !== undefined) return new Date(now.getTime() + Number(amount) * (UNITS[unit] ?? 0))
  const clock =
    /\b(?:at|resets)\s+(?:(\w{3}) (\d{1,2})(?:st|nd|rd|th)?,? (\d{4}),? )?(\d{1,2})(?::(\d{2}))? ?([ap])m\b/i.exec(
      text,
    )
  if (clock === null) return null
  const [, month, day, year, hour, minute = '0', half = ''] = clock
  const hours = (Number(hour) % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
  const at = new Date(now)
  if (month !== undefined) {
    const index = MONTHS.indexOf(month.toLowerCase())
    if (index < 0) return null
    at.setUTCFullYear(Number(year), index, Number(day))
  }
  at.setUTCHours(hours, Number(minute), 0, 0)
  // A time of day that has passed is tomorrow's; a minute of grace, for clocks are told without seconds.
  if (month === undefined && at.getTime() < now.getTime() - 60_000) at.setUTCDate(at.getUTCDate() + 1)
  return at
}

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** A time that cannot be one (long ago, next year, no date at all) is not believed. */
function clamp(until: Date | null, now: Date): Date | null {
  if (until === null || Number.isNaN(until.getTime())) return null
  const wait = until.getTime() - now.getTime()
  if (wait < -60_000) return null
  return new Date(now.getTime() + Math.min(Math.max(wait, 0), LONGEST_WAIT_MS))
}

/**
 * What a session reports when a limit ended it. A limit that time heals parks the task until then and costs it no
 * attempt; what a person has to mend, and the provider's own trouble, is a failed attempt, which the attempts bound.
 */
export function reportOfLimit(limit: Limit, sentence: string, now: Date): DriverReport {
  if (limit.kind !== 'rate_limited' && limit.kind !== 'exhausted') return {}
  const cooldown = limit.kind === 'rate_limited' ? new Date(now.getTime() + RATE_COOLDOWN_MS) : null
  const until = limit.until ?? cooldown
  return {
    outcome: 'out_of_credit',
    summary: sentence,
    ...(until === null ? {} : { resetsAt: until.toISOString() }),
  }
}

const WORDS: Record<Limit['kind'], string> = {
  rate_limited: 'the provider of the model limits the rate of requests',
  exhausted: 'the credit or allowance at the provider of the model is spent',
  overloaded: 'the provider of the model is overloaded or in trouble',
  auth: 'the provider of the model does not accept the key of this agent',
  other: 'the provider of the model refused the request',
}

/** The limit as a person reads it. */
export function describeLimit(limit: Limit): string {
  const until = 'until' in limit && limit.until !== null ? `, until ${limit.until.toISOString()}` : ''
  return `${WORDS[limit.kind]}${until}`
}
