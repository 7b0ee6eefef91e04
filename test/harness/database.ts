import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../src/db/pool.ts'
import { connectAdmin, databasePrefix, databaseUrl, ensureTemplate, serverUrl } from './database-server.ts'

/** A database of its own for one test file. */
export interface TestDatabase extends Pick<OpenDatabase, 'db' | 'pool'> {
  readonly url: string
  /** Closes the pool and deletes the database, whoever else is connected to it. */
  drop(): Promise<void>
}

export interface TestDatabaseOptions {
  /** False gives an empty database, without our tables. */
  migrated?: boolean
  /** The most connections of its pool; 10 unless told. */
  max?: number
}

/**
 * Makes a migrated database on the run's PostgreSQL, a copy of the run's template. Call it in
 * `beforeAll`, and `drop` in `afterAll`. About 30 ms; the first call of a run starts the server.
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { migrated = true, max = 10 } = options
  const server = inject('testServer')
  const adminUrl = await serverUrl(server)
  const name = databasePrefix(server) + randomBytes(6).toString('hex')
  const admin = await connectAdmin(adminUrl)
  try {
    const template = migrated ? await ensureTemplate(server, admin, adminUrl) : 'template0'
    await admin.query(`create database ${name} template ${template}`)
  } finally {
    await admin.end()
  }

  const url = databaseUrl(adminUrl, name)
  const { db, pool, close } = openDatabase(url, { max })
  return {
    url,
    db,
    pool,
    async drop() {
      await close()
      const dropper = await connectAdmin(adminUrl)
      await dropper.query(`drop database if exists ${name} with (force)`).finally(() => dropper.end())
    },
  }
}
