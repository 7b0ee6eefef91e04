import { startEmbeddedPostgres } from '../../src/db/embedded/embedded-postgres.ts'
import { serveParent } from './child.ts'

/** A PostgreSQL with its own settings, and a process that stops it when we are killed. */
export type PostgresApi = { url(): string }

serveParent<{ dataDir: string }, PostgresApi>(async ({ dataDir }) => {
  const postgres = await startEmbeddedPostgres({ dataDir })
  return { api: { url: () => postgres.url }, stop: () => postgres.stop() }
})
