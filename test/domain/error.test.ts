import { expect, test } from 'vitest'
import { isProblemCode, problem, problems } from '../../src/domain/error.ts'

test('every problem has a status of an error, a message and a fix that are sentences', () => {
  for (const [code, kind] of Object.entries(problems)) {
    expect(code).toMatch(/^[a-z]+(?:_[a-z]+)*$/)
    expect(kind.status).toBeGreaterThanOrEqual(400)
    expect(kind.status).toBeLessThan(600)
    expect(kind.message, code).toMatch(/^[A-Z].*\.$/)
    expect(kind.fix, code).toMatch(/^[A-Z].*\.$/)
  }
})

test('a code is known only when it is in the catalog', () => {
  expect(isProblemCode('lease_lost')).toBe(true)
  expect(isProblemCode('toString')).toBe(false)
  expect(problem('rate_limited')).toMatchObject({ status: 429, retryable: true })
})
