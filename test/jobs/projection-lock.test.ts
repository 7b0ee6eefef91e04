import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobContext } from '../../src/jobs/context.ts'
import { withProjection } from '../../src/jobs/projection-lock.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { until } from '../harness/wait.ts'
import { type Core, createCore } from '../integration/core.ts'

let core: Core
let context: JobContext
let taskId: number

beforeAll(async () => {
  core = await createCore()
  const orchestrator = { ...core.orchestrator, clock: systemClock }
  context = { orchestrator, logger: createLogger('silent') } as JobContext
  taskId = (await core.request(await core.project())).id
})
afterAll(() => core.database.drop())

async function lockedUntil(): Promise<number | null> {
  const { rows } = await core.database.pool.query<{ locked_until: Date | null }>(
    'select locked_until from projections where task_id = $1',
    [taskId],
  )
  return rows[0]?.locked_until?.getTime() ?? null
}

test('the lock lasts as long as the work, and is gone seconds later when the process is', async () => {
  const over = Promise.withResolvers<void>()
  const work = withProjection(context, taskId, () => over.promise)
  const first = await until('it is locked', lockedUntil)
  expect(first - Date.now()).toBeLessThanOrEqual(5_000)
  const second = await until('it is renewed', async () => {
    const now = await lockedUntil()
    return now !== null && now > first && now
  })
  expect(second - Date.now()).toBeLessThanOrEqual(5_000)
  await expect(withProjection(context, taskId, async () => {})).rejects.toThrow('another process')
  over.resolve()
  await work
  expect(await lockedUntil()).toBeNull()
})

test('the lock is given back when the work fails', async () => {
  const work = withProjection(context, taskId, () => Promise.reject(new Error('GitHub is down')))
  await expect(work).rejects.toThrow('GitHub is down')
  expect(await lockedUntil()).toBeNull()
})
