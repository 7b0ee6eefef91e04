import { startEmbeddedPostgres } from '../../src/db/embedded/embedded-postgres.ts'
import type { Settings } from '../../src/db/embedded/launch.ts'
import { serveParent } from './child.ts'

/** A PostgreSQL with its own settings, and a process that stops it when we are killed. */
export type PostgresApi = { url(): string }

serveParent<{ dataDir: string; settings?: Settings }, PostgresApi>(async (options) => {
  const postgres = await startEmbeddedPostgres(options)
  return { api: { url: () => postgres.url }, stop: () => postgres.stop() }
})
