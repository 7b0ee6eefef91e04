import { type Command, CommanderError } from 'commander'
import { describe, expect, test } from 'vitest'
import { AGENT_SETTINGS } from '../../src/agent/config.ts'
import { createProgram } from '../../src/cli/program.ts'
import { SETTINGS } from '../../src/config.ts'
import { missionControl } from './run.ts'

/** Every command of the program with its full name, subcommands included. */
function commands(of: Command, prefix: string[] = []): [name: string, command: Command][] {
  return of.commands.flatMap((command) => {
    const path = [...prefix, command.name()]
    return [[path.join(' '), command] as [string, Command], ...commands(command, path)]
  })
}

/** What `--help` prints. */
function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 200 })
  command.outputHelp()
  return text
}

const all = commands(await createProgram())
const needsServerSettings = ['serve', 'token', 'stop', 'resume', 'migrate']

test('the help lists every subcommand', async () => {
  const help = helpOf(await createProgram())
  const names = all.map(([name]) => name)
  expect(names).toEqual(
    expect.arrayContaining(['serve', 'demo', 'agent', 'token', 'stop', 'resume', 'config check', 'migrate']),
  )
  for (const name of names.filter((one) => !one.includes(' ')))
    expect(help).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
})

describe('the help says what it does and every option', () => {
  test.each(all)('of %s', (_name, command) => {
    const help = helpOf(command)
    expect(command.description()).toMatch(/^[a-z]/)
    for (const option of command.options) {
      expect(help).toContain(option.flags)
      expect(option.description, option.flags).toMatch(/\S/)
    }
  })

  test.each(needsServerSettings)('of %s, and every variable of the server with its default', (name) => {
    const command = all.find(([one]) => one === name)?.[1]
    const help = helpOf(command as Command)
    for (const [variable, { expected, default: value }] of Object.entries(SETTINGS)) {
      const line = help.split('\n').find((one) => one.trimStart().startsWith(`${variable} `))
      expect(line, variable).toContain(expected)
      if (value !== null) expect(line).toContain(`(default: ${value})`)
    }
  })

  test('of agent, and every variable of the runner', () => {
    const help = helpOf(all.find(([one]) => one === 'agent')?.[1] as Command)
    for (const { variable, expected } of Object.values(AGENT_SETTINGS)) {
      expect(help).toMatch(
        new RegExp(`^  ${variable} +${expected.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, 'm'),
      )
    }
    expect(help).toMatch(/^ {2}LOG_LEVEL +/m)
  })
})

/** Parses as the program does, but answers with its exit status and what it would print. */
async function parse(args: readonly string[]): Promise<{ status: number; stderr: string }> {
  const program = await createProgram()
  let stderr = ''
  for (const command of [program, ...commands(program).map(([, one]) => one)]) {
    command.exitOverride()
    command.configureOutput({ writeErr: (text) => (stderr += text) })
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return { status: 0, stderr }
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { status: error.exitCode, stderr }
  }
}

describe('what is not known ends with 1 and a hint', () => {
  const cases: [string[], RegExp][] = [
    [['sevre'], /unknown command 'sevre'\n\(Did you mean serve\?\)\n\n?\(add --help/],
    [['serve', '--port', '5'], /unknown option '--port'\n\n?\(add --help for what is accepted\)/],
    [['demo', '--jsno'], /unknown option '--jsno'\n\(Did you mean --json\?\)/],
    [['serve', 'now'], /too many arguments for 'serve'/],
    [['token', '--name', 'x'], /required option '--owner <login>' not specified/],
    [['token', '--provider', 'abacus'], /'abacus' is invalid\. Allowed choices are command, claude-code/],
    [['config', 'chekc'], /unknown command 'chekc'\n\(Did you mean check\?\)/],
    [['config'], /Usage: mission-control config/],
    [[], /Usage: mission-control/],
  ]
  test.each(cases)('%j', async (args, hint) => {
    const { status, stderr } = await parse(args)
    expect(status).toBe(1)
    expect(stderr).toMatch(hint)
  })
})

describe.concurrent('as a process', () => {
  test('the help is printed and the status is 0', async () => {
    const { status, stdout, stderr } = await missionControl(['serve', '--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^Usage: mission-control serve[\s\S]*WEBHOOK_SECRET/)
  })

  test('a mistake is printed where errors go, without a stack', async () => {
    const { status, stdout, stderr } = await missionControl(['sevre'])
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('(Did you mean serve?)')
    expect(stderr).not.toMatch(/ at .*\.ts:|node:internal/)
  })
})
