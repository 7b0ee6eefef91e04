import { promises as fs } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Kysely, sql } from 'kysely'
import { FileMigrationProvider, type MigrationProvider, Migrator } from 'kysely/migration'
import type { Database } from './schema.ts'

/** `migrations/` beside `src/`, and in the build `dist/migrations/` beside `dist/src/`. */
const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url))

/**
 * Brings the database to this version of the code, all or nothing. Safe when several processes do it
 * at once: kysely holds an advisory lock meanwhile, so `db` needs a direct connection, no pooler.
 * Throws when the database was migrated by newer code, or when a migration fails.
 * @returns the names of the migrations that were applied by this call
 */
export async function migrate(
  db: Kysely<Database>,
  provider: MigrationProvider = migrationFiles(),
): Promise<string[]> {
  const migrator = new Migrator({ db, provider })
  const { error, results = [] } = await migrator.migrateToLatest()
  if (error === undefined) return results.map((result) => result.migrationName)
  const { unknown } = await compare(db, provider)
  if (unknown.length > 0) {
    throw new Error(
      `the database is newer than this version of Mission Control, which does not know ${unknown.join(', ')}: start the version that migrated it, or a later one`,
      { cause: error },
    )
  }
  const failed = results.find((result) => result.status === 'Error')
  const what =
    failed === undefined ? 'the database could not be migrated' : `migration ${failed.migrationName} failed`
  throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}

/** The migrations that this code has and the database has not, in their order; for readiness. */
export async function pendingMigrations(
  db: Kysely<Database>,
  provider: MigrationProvider = migrationFiles(),
): Promise<string[]> {
  return (await compare(db, provider)).pending
}

async function compare(db: Kysely<Database>, provider: MigrationProvider) {
  const known = Object.keys(await provider.getMigrations()).sort()
  const applied = await appliedMigrations(db)
  return {
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  }
}

async function appliedMigrations(db: Kysely<Database>): Promise<string[]> {
  const { rows: tables } = await sql<{ found: boolean }>`
    select to_regclass('kysely_migration') is not null as found`.execute(db)
  if (!tables[0]?.found) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  return rows.map((row) => row.name)
}

function migrationFiles(): MigrationProvider {
  return new FileMigrationProvider({
    fs,
    path,
    migrationFolder: FOLDER,
    import: (file) => import(pathToFileURL(file).href),
    onFileIgnored: (file, reason) => {
      if (reason === 'NotMigration') throw new Error(`${path.join(FOLDER, file)} has no function "up"`)
    },
  })
}
