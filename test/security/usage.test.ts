import fc from 'fast-check'
import { expect, test } from 'vitest'
import { reportableUsage, Usage } from '../../src/protocol/usage.ts'

const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(2 ** 53, 1e308, Number.NaN, -1, 0.5))

test('whatever a program says it spent can be reported', () => {
  const usage = fc.record({
    tokens: fc.record({ input: number, output: number, cacheRead: number, cacheWrite: number }),
    costUsd: fc.option(number, { nil: null }),
    model: fc.option(fc.string({ unit: 'binary', maxLength: 300 }), { nil: null }),
  })
  fc.assert(
    fc.property(usage, (told) => {
      expect(Usage.parse(reportableUsage(told))).toEqual(reportableUsage(told))
    }),
  )
})

test('what can be reported is reported as it was told', () => {
  const tokens = { input: 12, output: 3, cacheRead: 4, cacheWrite: 5 }
  const told = { tokens, costUsd: 0.12, model: 'sonnet' }
  expect(reportableUsage(told)).toEqual(told)
  expect(reportableUsage({ tokens, costUsd: null, model: null })).toEqual({
    tokens,
    costUsd: null,
    model: null,
  })
})
