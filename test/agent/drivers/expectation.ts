import { expect } from 'vitest'
import type { DriverResult } from '../../../src/agent/drivers/driver.ts'
import type { ProgramProvider } from '../../../src/agent/drivers/programs.ts'
import type { Expected } from './scenarios.ts'

/** Compares what a driver answered with what its scenario should come to. */
export function expectResult(provider: ProgramProvider, result: DriverResult, expected: Expected): void {
  if (expected.failure === null) expect(result.failure).toBeNull()
  else expect(result.failure).toMatch(expected.failure)
  expect(result.limit?.kind ?? null).toBe(expected.limit)
  expect(result.report.outcome).toBe(expected.outcome)
  if (expected.summary !== undefined) expect(result.report.summary).toMatch(expected.summary)
  const tokens = expected.tokens?.[provider]
  if (tokens !== undefined) expect(result.usage?.tokens).toEqual(tokens)
}
