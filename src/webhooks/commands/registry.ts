import { approve } from './approve.ts'
import { cancel } from './cancel.ts'
import type { SlashCommand } from './command.ts'
import { helpCommand } from './help.ts'
import { pause } from './pause.ts'
import { process } from './process.ts'
import { resume } from './resume.ts'
import { retry } from './retry.ts'
import { why } from './why.ts'

/** One line per slash command, in the order in which `/help` lists them. */
const others: readonly SlashCommand[] = [process, pause, resume, retry, cancel, approve, why]
export const slashCommands: readonly SlashCommand[] = [...others, helpCommand(others)]

export function findCommand(name: string): SlashCommand | undefined {
  return slashCommands.find((command) => command.help.name === name)
}
