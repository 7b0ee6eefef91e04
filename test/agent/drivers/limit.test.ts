import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classifyLimit, type Limit, type Refusal, reportOfLimit } from '../../../src/agent/drivers/limit.ts'

const NOW = new Date('2026-11-23T12:00:00.000Z')
const inMs = (ms: number) => new Date(NOW.getTime() + ms)
const at = (iso: string) => new Date(iso)
const SECOND = NOW.getTime() / 1000

/** What programs were seen to say, and combinations in which sources contradict each other: the earlier one wins. */
const TABLE: [what: string, refusal: Refusal, limit: Limit | null][] = [
  [
    'a spent plan, by name',
    { status: 429, names: ['usage_limit_reached', 'rate_limit'], resetsAt: SECOND + 60 },
    { kind: 'exhausted', until: inMs(60_000) },
  ],
  ['a spent plan without a time', { names: ['usage_limit_reached'] }, { kind: 'exhausted', until: null }],
  [
    'a spent credit, by name over its status',
    { status: 400, names: [null, 'billing_error', 'invalid_request_error'] },
    { kind: 'exhausted', until: null },
  ],
  [
    'a rate',
    { status: 429, names: [null, 'rate_limit', 'rate_limit_error'], text: 'rate limit of 50 requests' },
    { kind: 'rate_limited', until: null },
  ],
  [
    'the provider in trouble, by status over an unknown name',
    { status: 529, names: ['server_error'] },
    { kind: 'overloaded' },
  ],
  ['any 5xx', { status: 502 }, { kind: 'overloaded' }],
  ['a refused key', { status: 401, names: ['authentication_failed'] }, { kind: 'auth' }],
  ['a forbidden key', { status: 403 }, { kind: 'auth' }],
  ['payment required', { status: 402 }, { kind: 'exhausted', until: null }],
  ['another refusal', { status: 418 }, { kind: 'other' }],
  ['no login', { text: 'Not logged in · Please run /login' }, { kind: 'auth' }],
  [
    'a quota, in words',
    { text: 'Quota exceeded. Check your plan and billing details.' },
    { kind: 'exhausted', until: null },
  ],
  [
    'a time of today',
    { text: "You've hit your usage limit. Try again at 6:58 PM." },
    { kind: 'exhausted', until: at('2026-11-23T18:58:00Z') },
  ],
  [
    'a time that is tomorrow’s',
    { text: "You've hit your usage limit. Try again at 6:58 AM." },
    { kind: 'exhausted', until: at('2026-11-24T06:58:00Z') },
  ],
  [
    'midnight',
    { text: "You've hit your usage limit. Try again at 12:00 AM." },
    { kind: 'exhausted', until: at('2026-11-24T00:00:00Z') },
  ],
  [
    'a date',
    { text: 'usage limit, try again at Nov 25th, 2026 1:48 PM.' },
    { kind: 'exhausted', until: at('2026-11-25T13:48:00Z') },
  ],
  [
    'a time of claude',
    { text: "You've hit your 5-hour limit · resets 1:52pm (UTC)" },
    { kind: 'exhausted', until: at('2026-11-23T13:52:00Z') },
  ],
  [
    'a field over a text',
    { text: 'usage limit, try again at 6:58 PM.', resetsAt: SECOND + 60 },
    { kind: 'exhausted', until: inMs(60_000) },
  ],
  [
    'seconds',
    { text: 'Rate limit reached. Please try again in 30s.' },
    { kind: 'rate_limited', until: inMs(30_000) },
  ],
  [
    'a status in words',
    { text: 'exceeded retry limit, last status: 429 Too Many Requests' },
    { kind: 'rate_limited', until: null },
  ],
  [
    'a key, in words',
    { text: 'unexpected status 401 Unauthorized: Incorrect API key provided.' },
    { kind: 'auth' },
  ],
  ['a demand', { text: 'We’re currently experiencing high demand' }, { kind: 'overloaded' }],
  [
    'a capacity',
    { text: 'Selected model is at capacity. Please try a different model.' },
    { kind: 'overloaded' },
  ],
  [
    'a time that has passed',
    { names: ['usage_limit_reached'], resetsAt: SECOND - 3_600 },
    { kind: 'exhausted', until: null },
  ],
  [
    'a time in years',
    { names: ['usage_limit_reached'], resetsAt: SECOND * 2 },
    { kind: 'exhausted', until: inMs(8 * 24 * 3_600_000) },
  ],
  ['a lost connection', { text: 'stream disconnected before completion: error sending request' }, null],
  ['nothing', {}, null],
]

describe('a refusal of the provider', () => {
  test.each(TABLE)('is classified when it is %s', (_what, refusal, limit) => {
    expect(classifyLimit(refusal, NOW)).toEqual(limit)
  })

  test('is never a reason to throw, and never waits for more than eight days, whatever it says', () => {
    const refusal = fc.record(
      {
        status: fc.option(fc.integer()),
        names: fc.array(
          fc.option(fc.oneof(fc.string(), fc.constantFrom('rate_limit', 'constructor', 'billing_error'))),
        ),
        resetsAt: fc.option(fc.double()),
        text: fc.oneof(
          fc.string(),
          fc
            .tuple(fc.nat(), fc.nat(99), fc.constantFrom('Nov', 'Foo', 'Feb'), fc.nat(99), fc.nat(9999))
            .map(
              ([hour, minute, month, day, year]) =>
                `rate limit, at ${month} ${day}th, ${year} ${hour}:${minute} PM`,
            ),
        ),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(refusal, (told) => {
        const limit = classifyLimit(told, NOW)
        if (limit === null || !('until' in limit) || limit.until === null) return
        const wait = limit.until.getTime() - NOW.getTime()
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(8 * 24 * 3_600_000)
      }),
    )
  })
})

describe('what is reported of a limit', () => {
  test.each([
    [
      { kind: 'exhausted', until: inMs(60_000) },
      { outcome: 'out_of_credit', summary: 'S.', resetsAt: '2026-11-23T12:01:00.000Z' },
    ],
    // the server has its own cooldown for a credit
    [
      { kind: 'exhausted', until: null },
      { outcome: 'out_of_credit', summary: 'S.' },
    ],
    [
      { kind: 'rate_limited', until: null },
      { outcome: 'out_of_credit', summary: 'S.', resetsAt: '2026-11-23T12:05:00.000Z' },
    ],
    [{ kind: 'overloaded' }, {}],
    [{ kind: 'auth' }, {}],
    [{ kind: 'other' }, {}],
  ] satisfies [Limit, object][])(
    'is a task that waits when time heals it, else a failed attempt: %j',
    (limit, report) => {
      expect(reportOfLimit(limit, 'S.', NOW)).toEqual(report)
    },
  )
})
