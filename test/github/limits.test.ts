import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockedUntil, createGate, isLimit, type LimitsPort } from '../../src/github/limits.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { fakeGitHub, issue, repository } from './fake-github.ts'

const now = new Date('2026-11-01T10:00:00Z')
const waitFor = (headers: Record<string, string>, inARow = 0): number =>
  (blockedUntil(headers, now, inARow).getTime() - now.getTime()) / 1_000

describe('how long to wait', () => {
  test('is retry-after in seconds or as a date, before anything else', () => {
    const reset = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now.getTime() / 1_000 + 900) }
    expect(waitFor({ 'retry-after': '30', ...reset })).toBe(30)
    expect(waitFor({ 'retry-after': 'Sun, 01 Nov 2026 10:02:00 GMT' })).toBe(120)
    expect(waitFor(reset)).toBe(900)
  })

  test('is a minute and then doubles when GitHub does not say', () => {
    expect([0, 1, 2, 3].map((inARow) => waitFor({}, inARow))).toEqual([60, 120, 240, 480])
  })

  test('is never in the past and never more than two hours, whatever the headers say', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(), (retryAfter, reset, inARow) => {
        const headers = {
          'retry-after': retryAfter,
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': reset,
        }
        expect(waitFor(headers, inARow)).toBeGreaterThanOrEqual(1)
        expect(waitFor(headers, inARow)).toBeLessThanOrEqual(7_200)
      }),
    )
  })
})

test('a 403 is a limit only when it says so', () => {
  expect(isLimit(403, {}, 'Resource not accessible by integration')).toBe(false)
  expect(isLimit(403, {}, 'You have exceeded a secondary rate limit.')).toBe(true)
  expect(isLimit(403, { 'retry-after': '5' }, '')).toBe(true)
  expect(isLimit(429, {}, '')).toBe(true)
})

describe('an installation that GitHub slowed down', () => {
  test('makes no further call until then, and tells the other replicas', async (context) => {
    const fake = await fakeGitHub(context)
    fake.answer(() => ({ status: 403, headers: { 'retry-after': '30' }, body: { message: 'slow down' } }))
    const first = fake.github.comments.create(repository, 1, 'x')
    await expect(first).rejects.toMatchObject({ kind: 'rate_limited', until: expect.any(Date) })
    await expect(fake.github.issues.get(repository, 1)).rejects.toMatchObject({ kind: 'rate_limited' })
    expect(fake.seen).toHaveLength(1)
    const until = fake.blocks.get(7)?.getTime() ?? 0
    expect(until - Date.now()).toBeGreaterThan(28_000)
    expect(until - Date.now()).toBeLessThanOrEqual(30_000)
  })

  test('is known from another replica before the first call', async (context) => {
    const fake = await fakeGitHub(context)
    fake.blocks.set(7, new Date(Date.now() + 60_000))
    await expect(fake.github.issues.get(repository, 1)).rejects.toMatchObject({ kind: 'rate_limited' })
    expect(fake.minted).toHaveLength(0)
  })

  test('is left alone after the last call of its hour', async (context) => {
    const fake = await fakeGitHub(context)
    const reset = String(Math.ceil(Date.now() / 1_000) + 100)
    fake.answer(() => ({
      status: 200,
      body: issue(),
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset },
    }))
    await fake.github.issues.get(repository, 1)
    await expect(fake.github.issues.get(repository, 1)).rejects.toMatchObject({ kind: 'rate_limited' })
  })

  test('does not hold up the others', async (context) => {
    const fake = await fakeGitHub(context)
    fake.blocks.set(7, new Date(Date.now() + 60_000))
    fake.answer(() => ({ status: 200, body: issue() }))
    expect((await fake.github.issues.get({ ...repository, installationId: 8 }, 1)).number).toBe(1)
  })
})

test('the gate asks its port at most once a second, and opens by itself', async () => {
  let time = now.getTime()
  let asked = 0
  const port: LimitsPort = {
    blockedUntil: async () => {
      asked += 1
      return new Date(now.getTime() + 5_000)
    },
    block: async () => {},
  }
  const gate = createGate(port, { now: () => new Date(time) }, createLogger('silent'))
  for (let call = 0; call < 50; call += 1) await gate.closedUntil(1)
  expect(asked).toBe(1)
  time += 1_000
  expect(await gate.closedUntil(1)).toEqual(new Date(now.getTime() + 5_000))
  expect(asked).toBe(2)
  time += 4_000
  expect(await gate.closedUntil(1)).toBeNull()
})

test('a pause holds in this process when it cannot be stored', async () => {
  let time = now.getTime()
  const port: LimitsPort = {
    blockedUntil: async () => null,
    block: async () => {
      throw new Error('no database')
    },
  }
  const gate = createGate(port, { now: () => new Date(time) }, createLogger('silent'))
  const until = await gate.limited(1, { 'retry-after': '30' })
  time += 20_000
  expect(await gate.closedUntil(1)).toEqual(until)
  time += 10_000
  expect(await gate.closedUntil(1)).toBeNull()
})

test('the app itself is slowed down apart from its installations', async () => {
  const port: LimitsPort = { blockedUntil: async () => null, block: async () => {} }
  const gate = createGate(port, { now: () => now }, createLogger('silent'))
  await gate.limited(null, {})
  expect(await gate.closedUntil(null)).toEqual(new Date(now.getTime() + 60_000))
  expect(await gate.closedUntil(1)).toBeNull()
})
