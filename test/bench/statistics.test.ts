import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coveredMs, longestSequence, medianRatio, percentile, type Span } from '../../bench/statistics.ts'

const spans = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 20 }))
    .map(([start, length]): Span => ({ start, end: start + length })),
  { maxLength: 12 },
)

test('a percentile is one of the samples, with so many at or below it', () => {
  const numbers = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 })
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 100 }), (samples, percent) => {
      const found = percentile(samples, percent)
      expect(samples).toContain(found)
      const below = samples.filter((sample) => sample <= found).length
      expect(below).toBeGreaterThanOrEqual((percent / 100) * samples.length)
    }),
  )
})

test('a percentile is refused when nothing was measured', () => {
  expect(() => percentile([], 50)).toThrow('nothing was measured')
})

test('covered time counts each millisecond of the window once', () => {
  fc.assert(
    fc.property(spans, (some) => {
      const window = { start: 10, end: 40 }
      const milliseconds = Array.from({ length: 30 }, (_, index) => window.start + index)
      const counted = milliseconds.filter((at) => some.some(({ start, end }) => start <= at && at < end))
      expect(coveredMs(some, window)).toBe(counted.length)
    }),
  )
})

test('calls that overlap count once, and those that follow one another each', () => {
  const parallel = [
    { start: 0, end: 10 },
    { start: 1, end: 9 },
  ]
  expect(longestSequence(parallel)).toBe(1)
  expect(longestSequence([...parallel, { start: 10, end: 12 }, { start: 11, end: 13 }])).toBe(2)
  expect(longestSequence([])).toBe(0)
})

test('a slow spell of the machine does not change the ratio when it hits both of a round', () => {
  expect(medianRatio([300, 30, 330], [100, 10, 100])).toBe(3)
  expect(() => medianRatio([1, 2], [1])).toThrow('do not belong together')
})
