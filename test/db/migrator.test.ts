import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate, pendingMigrations } from '../../src/db/migrator.ts'
import { openDatabase } from '../../src/db/pool.ts'
import { createTestDatabase, type TestDatabase } from '../harness/database.ts'

describe('migrating', () => {
  let empty: TestDatabase
  beforeAll(async () => {
    empty = await createTestDatabase({ migrated: false })
  })
  afterAll(() => empty.drop())

  test('applies each migration once when several processes start together', async () => {
    const before = await pendingMigrations(empty.db)
    expect(before.length).toBeGreaterThan(0)
    const replicas = [1, 2, 3, 4].map(() => openDatabase(empty.url, { max: 2 }))
    const applied = await Promise.all(replicas.map((replica) => migrate(replica.db)))
    await Promise.all(replicas.map((replica) => replica.close()))
    expect(applied.flat()).toEqual(before)
    expect(await pendingMigrations(empty.db)).toEqual([])
  })

  test('does nothing when the database is up to date', async () => {
    await migrate(empty.db)
    expect(await migrate(empty.db)).toEqual([])
  })
})

describe('a migrated database', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.drop())

  test('has nothing pending when it comes from the template', async () => {
    expect(await pendingMigrations(database.db)).toEqual([])
  })

  test('keeps everything of a failed migration out, and names it', async () => {
    const up = async () => {
      await sql`create table half_done (id int)`.execute(database.db)
    }
    const known = Object.fromEntries((await appliedNames(database)).map((name) => [name, { up }]))
    const provider = {
      getMigrations: async () => ({
        ...known,
        '9998-good': {
          up: (db: typeof database.db) => sql`create table good (id int)`.execute(db).then(() => {}),
        },
        '9999-bad': {
          up: (db: typeof database.db) => sql`select no_such_function()`.execute(db).then(() => {}),
        },
      }),
    }
    await expect(migrate(database.db, provider)).rejects.toThrow(
      /migration 9999-bad failed: function no_such_function\(\) does not exist/,
    )
    expect(await pendingMigrations(database.db, provider)).toEqual(['9998-good', '9999-bad'])
    const { rows } = await database.pool.query("select to_regclass('good') as good")
    expect(rows).toEqual([{ good: null }])
  })

  test('is refused by older code when newer code migrated it', async () => {
    await database.pool.query(
      "insert into kysely_migration values ('9000-from-the-future', '2099-01-01T00:00:00Z')",
    )
    await expect(migrate(database.db)).rejects.toThrow(/newer than this version.*9000-from-the-future/)
    await database.pool.query("delete from kysely_migration where name = '9000-from-the-future'")
  })
})

async function appliedNames(database: TestDatabase): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    'select name from kysely_migration order by name',
  )
  return rows.map((row) => row.name)
}
