import { renderHelp } from '../../presenter/reply.ts'
import type { SlashCommand } from './command.ts'

/** `/help` over the commands it is given: it is one of them, so the registry makes it. */
export function helpCommand(others: readonly SlashCommand[]): SlashCommand {
  const own = { name: 'help', args: '', summary: 'Lists the commands.', right: 'the trigger right' }
  return {
    help: own,
    async run() {
      return { ok: true, reply: renderHelp([...others.map((command) => command.help), own]) }
    },
  }
}
