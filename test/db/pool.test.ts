import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openDatabase, parseBigint } from '../../src/db/pool.ts'
import { createTestDatabase, type TestDatabase } from '../harness/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase({ migrated: false })
})
afterAll(() => database.drop())

test('columns arrive as our types say when they are read', async () => {
  const { rows } = await database.pool.query(`
    select 9007199254740991::bigint as int8, '{1,null,-2}'::bigint[] as int8s, count(*) as counted,
           '2026-03-01T00:00:00+02'::timestamptz as at, '2026-03-01'::date as day, '{"a":1}'::jsonb as json`)
  expect(rows[0]).toEqual({
    int8: 9007199254740991,
    int8s: [1, null, -2],
    counted: 1,
    at: new Date('2026-02-28T22:00:00Z'),
    day: '2026-03-01',
    json: { a: 1 },
  })
})

test.each(['9007199254740992', '-9223372036854775808', '9223372036854775807'])(
  'a bigint is refused when a number cannot hold it: %s',
  async (text) => {
    expect(() => parseBigint(text)).toThrow(RangeError)
    await expect(database.pool.query(`select '${text}'::bigint`)).rejects.toThrow(/beyond 2\^53/)
    expect((await database.pool.query('select 1 as next')).rows).toEqual([{ next: 1 }])
  },
)

test('a lost idle connection is told and replaced when the server closes it', async () => {
  const warn = vi.fn()
  const opened = openDatabase(database.url, { max: 1, applicationName: 'soon gone', logger: { warn } })
  await opened.pool.query('select 1')
  await database.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'soon gone'",
  )
  await vi.waitFor(() => expect(warn).toHaveBeenCalledOnce())
  expect((await opened.pool.query('select 1 as again')).rows).toEqual([{ again: 1 }])
  await opened.close()
  await opened.close()
})

test('the next statement fails and the process goes on when a connection is lost in a transaction', async () => {
  const { db, close } = openDatabase(database.url, { max: 1, applicationName: 'gone in between' })
  const lost = db.transaction().execute(async (trx) => {
    await sql`select 1`.execute(trx)
    await database.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gone in between'",
    )
    await vi.waitFor(async () => {
      const { rows } = await database.pool.query(
        "select 1 from pg_stat_activity where application_name = 'gone in between'",
      )
      expect(rows).toEqual([])
    })
    // the end of the connection arrives while nobody waits for an answer
    await new Promise((resolve) => setImmediate(resolve))
    await sql`select 2`.execute(trx)
  })
  await expect(lost).rejects.toThrow(/terminat|not queryable|Connection/i)
  await close()
})
