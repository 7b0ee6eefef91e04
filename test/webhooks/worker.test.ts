import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  claimDeliveries,
  storeDeliveries,
  trimDeliveries,
} from '../../src/db/repositories/webhook-deliveries.ts'
import { GitHubError } from '../../src/github/error.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { PayloadError } from '../../src/webhooks/payload.ts'
import { type DeliveryHandler, DeliveryWorker } from '../../src/webhooks/worker.ts'
import { createTestDatabase, type TestDatabase } from '../harness/database.ts'
import { until } from '../harness/wait.ts'

interface Row {
  id: string
  state: string
  attempts: number
  error: string | null
  due_at: Date
  finished_at: Date | null
}

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.pool.query('delete from webhook_deliveries')
})

const row = async (id: string): Promise<Row> =>
  (await database.pool.query<Row>('select * from webhook_deliveries where id = $1', [id])).rows[0] as Row

async function store(payload: string, event = 'issues', id: string = randomUUID()): Promise<string> {
  await storeDeliveries(database.pool, [{ id, event, payload: Buffer.from(payload) }])
  return id
}

/** Runs a worker until the delivery is as wanted. */
async function work(handle: DeliveryHandler, id: string, wanted: (row: Row) => boolean): Promise<Row> {
  const { db, pool } = database
  const worker = new DeliveryWorker({ db, pool, handle, logger: createLogger('silent') })
  try {
    worker.wake()
    return await until('the delivery is as wanted', async () => {
      const now = await row(id)
      return wanted(now) ? now : null
    })
  } finally {
    await worker.stop()
  }
}

const is = (state: string) => (row: Row) => row.state === state
const nothing: DeliveryHandler = async () => {}

describe('a delivery fails for good, with the reason, and the others go on, when it', () => {
  test.each([
    ['is cut off', '{"action":"lab', /^the body is not JSON: /],
    ['is empty', '', /^the body is not JSON: /],
    ['is a form', 'payload=%7B%7D', /^the body is not JSON: /],
    ['is a list', '[{"action":"labeled"}]', /^the body is not a JSON object$/],
    ['is null', 'null', /^the body is not a JSON object$/],
    ['is a text', '"labeled"', /^the body is not a JSON object$/],
  ])('%s', async (_what, payload, reason) => {
    const bad = await store(payload)
    const good = await store('{}')
    const failed = await work(nothing, bad, is('failed'))
    expect(failed.error).toMatch(reason)
    expect(failed).toMatchObject({ attempts: 1, finished_at: expect.any(Date) })
    expect(await work(nothing, good, is('done'))).toMatchObject({ error: null })
  })

  test('lacks a field: another try cannot help', async () => {
    const id = await store('{}')
    const failed = await work(
      async () => {
        throw new AggregateError([new PayloadError('issue.title: expected string')], 'as octokit throws it')
      },
      id,
      is('failed'),
    )
    expect(failed).toMatchObject({ attempts: 1, error: 'PayloadError: issue.title: expected string' })
  })
})

describe('a delivery is tried again', () => {
  const failing = (error: unknown): DeliveryHandler => {
    return async () => {
      throw new AggregateError([error], 'as octokit throws it')
    }
  }

  test('a second later when its handler fails, and says why meanwhile', async () => {
    const id = await store('{}')
    const before = Date.now()
    const waiting = await work(failing(new Error('GitHub is away')), id, (now) => now.error !== null)
    expect(waiting).toMatchObject({ state: 'received', attempts: 1, error: 'Error: GitHub is away' })
    expect(waiting.due_at.getTime()).toBeGreaterThanOrEqual(before + 900)
  })

  test('when GitHub’s limit is over, not before', async () => {
    const id = await store('{}')
    const due = new Date(Date.now() + 600_000)
    const limited = new GitHubError('rate_limited', 'issues/get', 'slow down', { until: due })
    const waiting = await work(failing(limited), id, (now) => now.error !== null)
    expect(waiting.due_at).toEqual(due)
  })

  test('six times, then it has failed for good', async () => {
    const id = await store('{}')
    await database.pool.query('update webhook_deliveries set attempts = 5')
    expect(await work(failing(new Error('still away')), id, is('failed'))).toMatchObject({ attempts: 6 })
  })

  test('from the start when GitHub delivers it again after it failed', async () => {
    const id = await store('not json')
    await work(nothing, id, is('failed'))
    await database.pool.query(`update webhook_deliveries set payload = '{}'`)
    await store('{}', 'issues', id)
    expect(await row(id)).toMatchObject({ state: 'received', attempts: 0, error: null, finished_at: null })
    expect(await work(nothing, id, is('done'))).toMatchObject({ attempts: 1 })
  })

  test('by another worker when the first one died with it', async () => {
    const id = await store('{}')
    const [taken] = await claimDeliveries(database.pool, 10, 60)
    expect(taken).toMatchObject({ id, attempts: 1 })
    expect(await claimDeliveries(database.pool, 10, 60)).toEqual([])
    await database.pool.query(`update webhook_deliveries set due_at = now() - interval '1 ms'`)
    let handled = 0
    const done = await work(
      async () => {
        handled += 1
      },
      id,
      is('done'),
    )
    expect([handled, done.attempts]).toEqual([1, 2])
  })
})

test('a delivery that is done is not done again when GitHub delivers it again', async () => {
  const id = await store('{}')
  await work(nothing, id, is('done'))
  await store('{}', 'issues', id)
  expect(await row(id)).toMatchObject({ state: 'done', attempts: 1 })
})

test('each delivery is handled once when two workers compete for many', async () => {
  const handled: string[] = []
  const ids = await Promise.all(Array.from({ length: 120 }, () => store('{}')))
  const { db, pool } = database
  const handle: DeliveryHandler = async ({ id }) => {
    handled.push(id)
  }
  const workers = [1, 2].map(() => new DeliveryWorker({ db, pool, handle, logger: createLogger('silent') }))
  for (const worker of workers) worker.wake()
  await until('all are done', async () => {
    const { rows } = await pool.query(`select from webhook_deliveries where state <> 'done'`)
    return rows.length === 0
  })
  for (const worker of workers) await worker.stop()
  expect(handled.toSorted()).toEqual(ids.toSorted())
})

describe('other replicas are told', () => {
  /** A worker whose handlers all wait, `count` deliveries that it is offered, and how often it asked others to look. */
  async function offer(count: number): Promise<{ told: number; started: number }> {
    const { db, pool } = database
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    let [told, started] = [0, 0]
    const handle: DeliveryHandler = () => {
      started += 1
      return held
    }
    const onMore = (): void => {
      told += 1
    }
    const worker = new DeliveryWorker({ db, pool, handle, logger: createLogger('silent'), onMore })
    try {
      await Promise.all(Array.from({ length: count }, () => store('{}')))
      worker.stored()
      await until('as many as there is room for are under way', () => started === Math.min(count, 50))
      return { told, started }
    } finally {
      release()
      await worker.stop()
    }
  }

  test('of deliveries that were stored when there is no room for all of them', async () => {
    expect((await offer(60)).told).toBeGreaterThan(0)
  })

  test('nothing when there is room for all of them', async () => {
    expect(await offer(20)).toEqual({ told: 0, started: 20 })
  })

  test('of deliveries that were stored when the worker has stopped', async () => {
    let told = 0
    const { db, pool } = database
    const onMore = (): void => {
      told += 1
    }
    const worker = new DeliveryWorker({ db, pool, handle: nothing, logger: createLogger('silent'), onMore })
    await worker.stop()
    worker.stored()
    expect(told).toBe(1)
  })
})

test('a slow delivery does not keep the others back', async () => {
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const slow = await store('{}', 'push')
  const quick = await store('{}', 'issues')
  try {
    await work(
      async ({ name }) => {
        if (name === 'push') {
          // freed when the other one is done, or the worker could never stop
          void until('the quick one is done', async () => (await row(quick)).state === 'done').then(release)
          await held
        }
      },
      slow,
      is('done'),
    )
  } finally {
    release()
  }
  expect(await row(quick)).toMatchObject({ state: 'done' })
})

test('a delivery stays with its worker while it works, and seconds longer when it has died', async () => {
  const id = await store('{}')
  const { db, pool } = database
  const release = Promise.withResolvers<void>()
  let handled = 0
  const handle: DeliveryHandler = async () => {
    handled += 1
    await release.promise
  }
  const worker = new DeliveryWorker({ db, pool, handle, logger: createLogger('silent') })
  try {
    worker.wake()
    const first = await until('it is taken', async () => {
      const now = await row(id)
      return now.state === 'working' && now.due_at.getTime()
    })
    expect(first - Date.now()).toBeLessThanOrEqual(8_000)
    await until('it is renewed', async () => (await row(id)).due_at.getTime() > first)
    expect(await claimDeliveries(pool, 1, 60)).toEqual([])
  } finally {
    release.resolve()
    await worker.stop()
  }
  expect([handled, (await row(id)).state]).toEqual([1, 'done'])
})

test('deliveries are forgotten after a week, unfinished ones are not', async () => {
  const [done, open] = [await store('{}'), await store('{}')]
  await work(nothing, done, is('done'))
  await database.pool.query(
    `update webhook_deliveries set received_at = now() - interval '8 days', state = case when id = $1 then 'received' else 'done' end`,
    [open],
  )
  await trimDeliveries(database.db)
  expect([await row(done), (await row(open)).state]).toEqual([undefined, 'received'])
})
