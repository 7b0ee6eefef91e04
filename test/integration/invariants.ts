import { expect } from 'vitest'
import type { TestDatabase } from '../harness/database.ts'
import { brokenRules } from './database-rules.ts'

/** Fails with the names of the rules that do not hold. */
export async function expectInvariants(database: TestDatabase): Promise<void> {
  expect(await brokenRules(database.db)).toEqual({})
}
