import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandDriver } from '../../../src/agent/drivers/command.ts'
import type { Driver } from '../../../src/agent/drivers/driver.ts'
import type { ProgramProvider } from '../../../src/agent/drivers/programs.ts'
import type { DriverSession } from './driver-session.ts'
import { driverUnderTest } from './driver-under-test.ts'
import { goldenFile, RESET } from './golden.ts'
import { COMMIT } from './scenarios.ts'

export const PROVIDERS = ['command', 'claude-code', 'codex'] as const
export type Provider = (typeof PROVIDERS)[number]

/** What the program does; each is a scenario's recording, and a command line for the driver that runs any program. */
export type Behaviour = 'success' | 'overloaded' | 'out-of-credit' | 'stopped'
/** How it misbehaves beside: `replay-program.ts` says what these are. */
export type Flavour = 'plain' | 'garbage' | 'huge' | 'children' | 'stubborn' | 'silent'

const REPORT = {
  tokens: { input: 2_000, output: 200, cacheRead: 400, cacheWrite: 100 },
  summary: 'The greeting is there.',
}
const LINES: Record<Behaviour, string> = {
  success: `echo 'I add the greeting.'; ${COMMIT}; echo '${JSON.stringify(REPORT)}' > "$MISSION_CONTROL_USAGE_FILE"`,
  overloaded: 'echo overloaded >&2; exit 3',
  'out-of-credit': `echo '{"outcome":"out_of_credit"}' > "$MISSION_CONTROL_USAGE_FILE"; exit 3`,
  stopped: "echo 'I wait now.'; sleep 602",
}
const BEFORE: Record<Flavour, string> = {
  plain: '',
  garbage: `printf 'npm warn\\n{"type":\\n\\000\\033[31mred\\033[0m \\377\\n[1,2]\\n'; `,
  huge: `head -c 40000000 /dev/zero | tr '\\0' x; echo; `,
  children: 'sleep 600 & setsid -f sleep 601; ',
  stubborn: "trap '' TERM; ",
  silent: 'exit 0; ',
}

/** A driver whose program behaves as told. */
export async function rig(
  provider: Provider,
  session: DriverSession,
  behaviour: Behaviour,
  flavour: Flavour = 'plain',
): Promise<Driver> {
  if (provider !== 'command') return replay(provider, session, behaviour, flavour)
  return commandDriver({ command: `${BEFORE[flavour]}${LINES[behaviour]}`, usagePollMs: 20 })
}

/** The program that plays recordings. */
export const PLAYER = fileURLToPath(new URL('./replay-program.ts', import.meta.url))

/** A driver of a real program, for which its recording is played. */
export async function replay(
  provider: ProgramProvider,
  session: DriverSession,
  scenario: string,
  flavour: Flavour = 'plain',
  options: { model?: string; maxTurns?: number } = {},
): Promise<Driver> {
  const program = join(session.directory, 'replay')
  const recording = join(session.directory, 'recording.txt')
  const inAnHour = String(Math.floor(Date.now() / 1000) + 3_600)
  await writeFile(
    recording,
    (await readFile(goldenFile(provider, scenario), 'utf8')).replaceAll(RESET, inAnHour),
  )
  const call = `${process.execPath} ${PLAYER} ${recording} ${callFile(session)} ${flavour} "$@"`
  const line = flavour === 'silent' ? 'exit 0' : `exec ${call}`
  await writeFile(program, `#!/bin/sh\n${line}\n`, { mode: 0o755 })
  return driverUnderTest(provider, { program, ...options })
}

export type ProgramCall = {
  args: string[]
  environment: Record<string, string>
  input: string
  directory: string
}

/** How the replay was called. */
export async function programCall(session: DriverSession): Promise<ProgramCall> {
  return JSON.parse(await readFile(callFile(session), 'utf8')) as ProgramCall
}

/** Where the replay writes down how it was called. */
export function callFile(session: DriverSession): string {
  return join(session.directory, 'call.json')
}
