import { Command } from 'commander'
import { startServer } from '../main.ts'
import { createLogger } from '../runtime/logger.ts'
import { requireConfig, settingsHelp, untilSignal } from './settings.ts'

export function serveCommand(): Command {
  return new Command('serve')
    .description('runs the server: webhooks, API, agents, git gateway and jobs in one process')
    .addHelpText('after', settingsHelp())
    .action(async () => {
      const config = requireConfig()
      const logger = createLogger(config.logLevel)
      const server = await startServer(config, logger)
      const signal = await untilSignal()
      logger.info({ signal }, 'stopping')
      await server.stop()
    })
}
