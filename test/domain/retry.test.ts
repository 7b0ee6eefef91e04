import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterFailure, backoff, firstDelay, longestDelay } from '../../src/domain/retry.ts'

test('the pause doubles from 10 s to 5 min and is spread over its upper half', () => {
  expect([1, 2, 3, 6, 50].map((attempts) => backoff(attempts, 0))).toEqual([
    5_000, 10_000, 20_000, 150_000, 150_000,
  ])
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempts, jitter) => {
        const full = Math.min(longestDelay, firstDelay * 2 ** (attempts - 1))
        expect(backoff(attempts, jitter)).toBeGreaterThanOrEqual(full / 2)
        expect(backoff(attempts, jitter)).toBeLessThanOrEqual(full)
      },
    ),
  )
})

test('numbers that cannot be are refused', () => {
  expect(() => backoff(0, 0)).toThrow(RangeError)
  expect(() => backoff(1, 1)).toThrow(RangeError)
  expect(() => backoff(Number.NaN, 0)).toThrow(RangeError)
})

test('the last permitted attempt is not followed by another', () => {
  expect(afterFailure({ attempts: 0, maxAttempts: 3, jitter: 0.5 })).toEqual({
    retry: true,
    attempts: 1,
    delayMs: 7_500,
    event: 'attempt_failed',
  })
  expect(afterFailure({ attempts: 2, maxAttempts: 3, jitter: 0 })).toEqual({
    retry: false,
    attempts: 3,
    event: 'attempts_exhausted',
  })
  expect(afterFailure({ attempts: 0, maxAttempts: 1, jitter: 0 }).retry).toBe(false)
})
