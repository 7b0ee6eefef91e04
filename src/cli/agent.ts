import { Command } from 'commander'
import { AGENT_SETTINGS, type AgentOptions } from '../agent/config.ts'
import { runAgent } from '../agent/main.ts'
import { processEnvironment, SETTINGS } from '../config.ts'
import { createLogger } from '../runtime/logger.ts'
import { EX_CONFIG } from './settings.ts'

export function agentCommand(): Command {
  const command = new Command('agent').description(
    'runs an agent on this machine: takes assignments, works in a clean worktree, pushes, reports',
  )
  const variables: string[] = []
  for (const { option, variable, expected } of Object.values(AGENT_SETTINGS)) {
    variables.push(`  ${variable.padEnd(36)}${expected}`)
    if (option === null) continue
    if (option === '--pass-env') command.option(`${option} <name...>`, expected)
    else command.option(`${option} <value>`, expected)
  }
  variables.push(`  ${'LOG_LEVEL'.padEnd(36)}${SETTINGS.LOG_LEVEL.expected} (default: info)`)
  return command
    .addHelpText('after', `\nEnvironment (an option wins over its variable):\n${variables.join('\n')}`)
    .action(async (options: AgentOptions) => {
      const environment = processEnvironment()
      const level = SETTINGS.LOG_LEVEL.check.safeParse(environment.LOG_LEVEL || SETTINGS.LOG_LEVEL.default)
      if (!level.success) {
        console.error(`LOG_LEVEL is wrong: expected ${SETTINGS.LOG_LEVEL.expected}`)
        process.exitCode = EX_CONFIG
        return
      }
      const logger = createLogger(level.data)
      process.exitCode = await runAgent(options, environment, logger)
    })
}
