import { Command } from 'commander'
import { audit } from '../db/repositories/audit-log.ts'
import { writeSetting } from '../db/repositories/server-settings.ts'
import { DISPATCH_SETTING } from '../orchestrator/dispatch.ts'
import { createLogger } from '../runtime/logger.ts'
import { requireConfig, settingsHelp } from './settings.ts'
import { withStore } from './store.ts'

export function stopCommand(): Command {
  return switchCommand('stop', 'halts all dispatch on the server; running sessions go on', true)
}

export function resumeCommand(): Command {
  return switchCommand('resume', 'lets the server dispatch again', false)
}

function switchCommand(name: string, description: string, stopped: boolean): Command {
  return new Command(name)
    .description(description)
    .addHelpText('after', settingsHelp())
    .action(async () => {
      const config = requireConfig()
      await withStore(config, createLogger(config.logLevel), async ({ db }) => {
        await writeSetting(db, DISPATCH_SETTING, { stopped })
        await audit(db, { actor: 'operator', action: stopped ? 'dispatch_stopped' : 'dispatch_resumed' })
      })
      console.log(
        stopped ? 'Dispatch is halted; `mission-control resume` lets it go on.' : 'Dispatch goes on.',
      )
    })
}
