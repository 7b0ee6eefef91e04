import type { Config } from '../config.ts'
import { migrate } from '../db/migrator.ts'
import { type OpenDatabase, openDatabase } from '../db/pool.ts'
import { openStore } from '../main.ts'
import { Lifecycle } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'

/** Runs a short command on the server's database, started and migrated if need be, and closes everything again. */
export async function withStore<Result>(
  config: Pick<Config, 'databaseUrl' | 'databaseUrlDirect' | 'dataDir'>,
  logger: Logger,
  use: (store: OpenDatabase & { direct: string }) => Promise<Result>,
): Promise<Result> {
  const lifecycle = new Lifecycle(logger)
  try {
    const { url, direct } = await openStore(config, logger, lifecycle)
    const database = openDatabase(direct ?? url, { max: 4, logger })
    lifecycle.add({ name: 'database', stop: database.close })
    await migrate(database.db)
    return await use({ ...database, direct })
  } finally {
    await lifecycle.stop()
  }
}
