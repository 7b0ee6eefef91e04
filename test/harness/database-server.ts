import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/db/embedded/embedded-postgres.ts'
import { migrate } from '../../src/db/migrator.ts'
import { openDatabase } from '../../src/db/pool.ts'

/** Where one test run finds PostgreSQL: an embedded server that the first user starts, or an address. */
export type TestServer = { run: string; dataDir: string } | { run: string; url: string }

/** A crash loses the data of these tests, which nobody misses. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  max_connections: '300',
}

/** The address of the run's server, which is started when it does not run yet. */
export async function serverUrl(server: TestServer): Promise<string> {
  if ('url' in server) return server.url
  const { url } = await startEmbeddedPostgres({ dataDir: server.dataDir, settings: SETTINGS })
  return url
}

/** The names of all databases of a run start with this. */
export function databasePrefix(server: TestServer): string {
  return `mc_test_${server.run}_`
}

/** Makes the run's migrated template unless it exists; one process does it, the others wait. */
export async function ensureTemplate(server: TestServer, admin: pg.Client, url: string): Promise<string> {
  const name = `${databasePrefix(server)}template`
  await admin.query('select pg_advisory_lock(hashtext($1))', [name])
  try {
    const { rows } = await admin.query<{ datistemplate: boolean }>(
      'select datistemplate from pg_database where datname = $1',
      [name],
    )
    if (rows[0]?.datistemplate) return name
    await admin.query(`drop database if exists ${name} with (force)`)
    await admin.query(`create database ${name}`)
    const { db, close } = openDatabase(databaseUrl(url, name), { max: 1 })
    await migrate(db).finally(close)
    await admin.query(`alter database ${name} with is_template true allow_connections false`)
    return name
  } finally {
    await admin.query('select pg_advisory_unlock(hashtext($1))', [name])
  }
}

/** Drops whatever a run has left on a server that goes on. */
export async function dropRunDatabases(server: { run: string; url: string }): Promise<void> {
  const admin = await connectAdmin(server.url)
  try {
    const { rows } = await admin.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [databasePrefix(server)],
    )
    for (const { datname } of rows) {
      await admin.query(`alter database ${datname} with is_template false`)
      await admin.query(`drop database ${datname} with (force)`)
    }
  } finally {
    await admin.end()
  }
}

/** Connects to the server itself, to make and drop databases. */
export async function connectAdmin(url: string): Promise<pg.Client> {
  const admin = new pg.Client({ connectionString: url, application_name: 'mission-control tests' })
  await admin.connect()
  return admin
}

/** The address of another database on the same server. */
export function databaseUrl(url: string, database: string): string {
  const address = new URL(url)
  address.pathname = `/${database}`
  return address.href
}
