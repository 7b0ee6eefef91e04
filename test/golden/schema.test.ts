import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../harness/database.ts'
import { dumpSchema } from './schema-dump.ts'

const GOLDEN = new URL('schema.txt', import.meta.url)

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

test('the schema is the reviewed one when all migrations have run (UPDATE_GOLDEN=1 rewrites it)', async () => {
  const schema = await dumpSchema(database.pool)
  if (process.env.UPDATE_GOLDEN === '1') await writeFile(GOLDEN, schema)
  expect(schema).toBe(await readFile(GOLDEN, 'utf8'))
})
