#!/usr/bin/env node
import { Command } from 'commander'
import { agentCommand } from './cli/agent.ts'
import { configCommand } from './cli/config.ts'
import { demoCommand } from './cli/demo.ts'
import { resumeCommand, stopCommand } from './cli/dispatch.ts'
import { migrateCommand } from './cli/migrate.ts'
import { serveCommand } from './cli/serve.ts'
import { tokenCommand } from './cli/token.ts'

/** The command line: one file per subcommand in `cli/`, one line each here. */
const program = new Command('mission-control')
  .description('Label an issue, get a pull request: AI agents do the work, people decide.')
  .version('0.1.0')
  .showHelpAfterError('(add --help for what is accepted)')
  .addCommand(serveCommand())
  .addCommand(demoCommand())
  .addCommand(agentCommand())
  .addCommand(tokenCommand())
  .addCommand(stopCommand())
  .addCommand(resumeCommand())
  .addCommand(configCommand())
  .addCommand(migrateCommand())

await program.parseAsync()
