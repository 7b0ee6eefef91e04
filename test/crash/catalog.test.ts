import { expect, test } from 'vitest'
import { CRASH_POINTS } from '../../src/runtime/crash-points.ts'
import { PLANS } from './plan.ts'

test('a story dies at every point of the catalog, and at each once', () => {
  const planned = PLANS.flatMap(({ points }) => points)
  expect(planned.toSorted()).toEqual(Object.keys(CRASH_POINTS).toSorted())
  expect(planned.length).toBeGreaterThanOrEqual(25)
})
