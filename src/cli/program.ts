import { Command } from 'commander'

/** One file per subcommand in this folder, one line each here. */
const SUBCOMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serveCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
  agent: async () => (await import('./agent.ts')).agentCommand(),
  token: async () => (await import('./token.ts')).tokenCommand(),
  stop: async () => (await import('./dispatch.ts')).stopCommand(),
  resume: async () => (await import('./dispatch.ts')).resumeCommand(),
  config: async () => (await import('./config.ts')).configCommand(),
  migrate: async () => (await import('./migrate.ts')).migrateCommand(),
}

/**
 * The command line. Only the subcommand that is `named` is loaded, all of them for anything else (help, a typing
 * mistake): an agent needs a fifth of the server's code, and two of them start with every demo.
 */
export async function createProgram(named?: string): Promise<Command> {
  const program = new Command('mission-control')
    .description('Label an issue, get a pull request: AI agents do the work, people decide.')
    .version('0.1.0')
    .showHelpAfterError('(add --help for what is accepted)')
  const one = named === undefined || !Object.hasOwn(SUBCOMMANDS, named) ? undefined : SUBCOMMANDS[named]
  const wanted = one === undefined ? Object.values(SUBCOMMANDS) : [one]
  for (const command of await Promise.all(wanted.map((load) => load()))) program.addCommand(command)
  inherit(program)
  return program
}

/** Commands that are added do not inherit by themselves how errors are shown. */
function inherit(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent)
    inherit(command)
  }
}
