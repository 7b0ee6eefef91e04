import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JobKind, JobPayload } from '../../src/queue/catalog.ts'
import { openQueue, Postponed, type Queue } from '../../src/queue/queue.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { createTestDatabase, type TestDatabase } from '../harness/database.ts'
import { until } from '../harness/wait.ts'

const logger = createLogger('silent')
let database: TestDatabase
let queue: Queue
/** What a handler does with a task, and how often it ran. */
const scripts = new Map<number, (run: number) => Promise<void>>()
const runs = new Map<number, number>()
let counted = 0

beforeAll(async () => {
  database = await createTestDatabase()
  // two replicas that start at the same time on a new database
  const [first, second] = await Promise.all([
    openQueue(database.url, logger, 1),
    openQueue(database.url, logger, 1),
  ])
  await second.stop()
  queue = first
  const handler = async ({ taskId }: { taskId: number }): Promise<void> => {
    const run = (runs.get(taskId) ?? 0) + 1
    runs.set(taskId, run)
    await scripts.get(taskId)?.(run)
  }
  await queue.work('project-task', handler)
  await queue.work('gather-sources', handler)
})
afterAll(async () => {
  await queue.stop()
  await database.drop()
})

interface JobRow {
  state: string
  retry_count: number
  waits: boolean
}

const rowsOf = async (taskId: number): Promise<JobRow[]> => {
  const text = `select state, retry_count, start_after > now() as waits from pgboss.job
    where data->>'taskId' = $1 order by created_on`
  return (await database.pool.query<JobRow>(text, [String(taskId)])).rows
}
const enqueue = <Kind extends JobKind>(kind: Kind, payload: JobPayload<Kind>, delaySeconds?: number) =>
  database.db
    .transaction()
    .execute((trx) => queue.enqueue(trx, kind, payload, delaySeconds ? { delaySeconds } : {}))
const newTask = (script: (run: number) => Promise<void> = async () => {}): number => {
  counted += 1
  scripts.set(counted, script)
  return counted
}
/** The time that a job waits for has come. */
const hurry = (taskId: number) =>
  database.pool.query(`update pgboss.job set start_after = now() where data->>'taskId' = $1`, [
    String(taskId),
  ])
const settled = (taskId: number, count = 1) =>
  until('the jobs are over', async () => {
    const rows = await rowsOf(taskId)
    return rows.length === count && rows.every((row) => row.state === 'completed') ? rows : null
  })

describe('enqueueing', () => {
  test('leaves one job when the transaction is committed, and the handler gets it', async () => {
    const taskId = newTask()
    await enqueue('project-task', { taskId })
    await settled(taskId)
    expect(runs.get(taskId)).toBe(1)
  })

  test('leaves none when the transaction is rolled back', async () => {
    const taskId = newTask()
    const failing = database.db.transaction().execute(async (trx) => {
      await queue.enqueue(trx, 'project-task', { taskId })
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    expect(await rowsOf(taskId)).toEqual([])
  })

  test('is not seen by workers before the commit', async () => {
    const taskId = newTask()
    await database.db.transaction().execute(async (trx) => {
      await queue.enqueue(trx, 'project-task', { taskId })
      const other = newTask()
      await enqueue('project-task', { taskId: other })
      await settled(other)
      expect(runs.get(taskId)).toBeUndefined()
    })
    await settled(taskId)
  })

  test('refuses a payload that is not the one of its kind', async () => {
    const wrong = enqueue('project-task', { taskId: 'all' } as unknown as { taskId: number })
    await expect(wrong).rejects.toThrow()
    await expect(enqueue('project-task', { taskId: -1 })).rejects.toThrow()
    await expect(enqueue('nothing' as JobKind, { taskId: 1 } as never)).rejects.toThrow()
  })

  test('delays a job when told to', async () => {
    const taskId = newTask()
    await enqueue('project-task', { taskId }, 300)
    expect(await rowsOf(taskId)).toEqual([{ state: 'created', retry_count: 0, waits: true }])
    await hurry(taskId)
    await settled(taskId)
  })
})

describe('a job', () => {
  test('that is postponed runs again later and has not failed', async () => {
    const taskId = newTask(async (run) => {
      if (run === 1) throw new Postponed(new Date(Date.now() + 3_600_000), 'not now')
    })
    await enqueue('project-task', { taskId })
    const rows = await until('it was postponed', async () => {
      const now = await rowsOf(taskId)
      return now.length === 2 && now[0]?.state === 'completed' ? now : null
    })
    expect(rows[1]).toEqual({ state: 'created', retry_count: 0, waits: true })
    await hurry(taskId)
    await settled(taskId, 2)
    expect(runs.get(taskId)).toBe(2)
  })

  test('that fails is tried again after a pause, and the others of its batch are not', async () => {
    const failing = newTask(async (run) => {
      if (run === 1) throw new Error('GitHub is down')
    })
    const good = newTask()
    await database.db.transaction().execute(async (trx) => {
      await queue.enqueue(trx, 'project-task', { taskId: failing })
      await queue.enqueue(trx, 'project-task', { taskId: good })
    })
    await settled(good)
    const [row] = await until('it waits for its next try', async () => {
      const rows = await rowsOf(failing)
      return rows[0]?.state === 'retry' ? rows : null
    })
    expect(row?.waits).toBe(true)
    await hurry(failing)
    expect(await settled(failing)).toMatchObject([{ state: 'completed', retry_count: 1 }])
    expect([runs.get(failing), runs.get(good)]).toEqual([2, 1])
  })

  test('that cannot be postponed fails and is tried again instead of being lost', async () => {
    const taskId = newTask(async (run) => {
      // a time that the queue cannot read
      if (run === 1) throw new Postponed(new Date(Number.NaN), 'not now')
    })
    await enqueue('project-task', { taskId })
    await until('it waits', async () => (await rowsOf(taskId))[0]?.state === 'retry')
    await hurry(taskId)
    await settled(taskId)
  })

  test('whose worker was killed is taken by another one', async () => {
    const taskId = newTask()
    await enqueue('gather-sources', { taskId }, 300)
    // as a worker leaves it that was killed while it worked on it
    await database.pool.query(
      `update pgboss.job set state = 'active', started_on = now() - interval '30 s', heartbeat_on = now() - interval '21 s'
       where data->>'taskId' = $1`,
      [String(taskId)],
    )
    await until('it waits for another worker', async () => (await rowsOf(taskId))[0]?.state === 'retry')
    await hurry(taskId)
    expect(await settled(taskId)).toMatchObject([{ retry_count: 1 }])
    expect(runs.get(taskId)).toBe(1)
  })

  test('of an older version whose payload is no longer known fails without ending the worker', async () => {
    await database.pool.query(
      `insert into pgboss.job (name, data, retry_limit) values ('project-task', '{"task": 7}', 0)`,
    )
    await until('it failed', async () => {
      const { rows } = await database.pool.query(`select state from pgboss.job where data->>'task' = '7'`)
      return rows[0]?.state === 'failed'
    })
    const taskId = newTask()
    await enqueue('project-task', { taskId })
    await settled(taskId)
  })
})

test('the options of a kind are those of the newest version when its queue exists already', async () => {
  await database.pool.query(`update pgboss.queue set retry_limit = 1 where name = 'project-task'`)
  const newer = await openQueue(database.url, logger, 1)
  await newer.stop()
  const { rows } = await database.pool.query(
    `select retry_limit from pgboss.queue where name = 'project-task'`,
  )
  expect(rows).toEqual([{ retry_limit: 20 }])
})
