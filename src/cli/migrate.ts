import { Command } from 'commander'
import { createLogger } from '../runtime/logger.ts'
import { requireConfig, settingsHelp } from './settings.ts'
import { withStore } from './store.ts'

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('brings the database up to date (`serve` does so too) and ends')
    .addHelpText('after', settingsHelp())
    .action(async () => {
      const config = requireConfig()
      await withStore(config, createLogger(config.logLevel), async () =>
        console.log('The database is up to date.'),
      )
    })
}
