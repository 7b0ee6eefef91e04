import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MODEL_KEYS } from '../../agent/driver-config.ts'
import {
  AGENT_PROGRAMS,
  agentsDirectory,
  findProgram,
  installedProgram,
  type ProgramProvider,
} from '../../agent/drivers/programs.ts'
import type { ScriptInput } from '../../local-model/script.ts'
import { type LocalModel, startLocalModel } from '../../local-model/server.ts'

/** What runs the sessions of the two agents. */
export type Driver = {
  provider: 'command' | ProgramProvider
  /** Options and variables of `mission-control agent`. */
  args: string[]
  env: Record<string, string>
  /** What thinks, in words: no model, a scripted one or a real one. */
  thinking: string
  /** How long an issue may take. */
  patienceMs: number
  stop(): Promise<void>
}

/** The program is not there; the message says how to get it. */
export class ProgramMissing extends Error {}

type Environment = Readonly<Record<string, string | undefined>>

const HERE = import.meta.url
/** `.ts` from a checkout, `.js` when built. */
const PROGRAM = fileURLToPath(new URL(`./agent-program.${HERE.endsWith('.ts') ? 'ts' : 'js'}`, HERE))
const SEARCH = `"${process.execPath}" "${PROGRAM}"`

const SCRIPTED_MS = 120_000
const REAL_MS = 15 * 60_000

/** What the scripted model does about any issue: it has the search program do the work. */
const SCRIPT: ScriptInput = [
  {
    steps: [
      { text: 'I add the test and look for the change that makes it pass.', shell: SEARCH },
      { text: 'This is what changed.', shell: 'git status --short' },
      { text: 'The work is done.' },
    ],
  },
]

/**
 * Prepares the driver that was asked for. With the key of a model in the environment the program works with the real
 * model; without one it is given a scripted one. Throws `ProgramMissing`.
 */
export async function prepareDriver(provider: Driver['provider'], env: Environment): Promise<Driver> {
  if (provider === 'command') {
    return {
      provider,
      args: ['--driver', provider, '--command', SEARCH],
      env: {},
      thinking: 'no model: a program that searches for the change',
      patienceMs: SCRIPTED_MS,
      stop: async () => {},
    }
  }
  const program = await locate(provider, env)
  const args = ['--driver', provider, '--program', program]
  const keys = MODEL_KEYS[provider].filter((name) => env[name])
  if (keys.length === 0) return scripted(provider, args)
  const handed = [...keys, 'ANTHROPIC_BASE_URL', 'OPENAI_BASE_URL'].flatMap((name) =>
    env[name] ? [[name, env[name]] as const] : [],
  )
  return {
    provider,
    args,
    env: Object.fromEntries(handed),
    thinking: `${provider} with the real model of ${keys[0]}, which costs what it costs`,
    patienceMs: REAL_MS,
    stop: async () => {},
  }
}

async function scripted(provider: ProgramProvider, args: string[]): Promise<Driver> {
  const model: LocalModel = await startLocalModel(SCRIPT)
  const [key = ''] = MODEL_KEYS[provider]
  const address =
    provider === 'codex' ? { OPENAI_BASE_URL: `${model.url}/v1` } : { ANTHROPIC_BASE_URL: model.url }
  return {
    provider,
    args,
    env: { ...address, [key]: 'none-is-needed' },
    thinking: `${provider} with a scripted model, because ${MODEL_KEYS[provider].join(' or ')} is not set`,
    patienceMs: SCRIPTED_MS,
    stop: () => model.stop(),
  }
}

/** In the search path, else where `npm run test:agents` installs it. */
async function locate(provider: ProgramProvider, env: Environment): Promise<string> {
  const { command, package: name, version } = AGENT_PROGRAMS[provider]
  const cache = agentsDirectory(env)
  const places = [command, ...(cache === null ? [] : [installedProgram(provider, cache).program])]
  for (const place of places) {
    const found = await findProgram(place, env.PATH ?? '')
    if (found !== null) return found
  }
  throw new ProgramMissing(
    `The program ${command} is neither in PATH nor in ${cache ?? join('~', '.cache')}. Install it with ` +
      `\`npm install --global ${name}@${version}\`, or from a checkout with \`node scripts/install-agents.ts\`.`,
  )
}
