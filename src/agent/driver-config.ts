import type { ModelAccess, Permissions } from './drivers/model-access.ts'
import { AGENT_PROGRAMS } from './drivers/programs.ts'

/** What runs the sessions, with all that it is told by the operator. */
export type DriverConfig =
  | { provider: 'command'; command: string }
  | ({ provider: 'claude-code'; maxTurns: number | null; maxCostUsd: number | null } & Program)
  | ({ provider: 'codex'; baseUrl: string | null } & Program)
type Program = { program: string; model: ModelAccess; permissions: Permissions }

/** The settings of all drivers, checked; those that a driver has no use for are refused. */
export type DriverSettings = {
  driver: DriverConfig['provider']
  command?: string | undefined
  program?: string | undefined
  permissions?: Permissions | undefined
  maxTurns?: number | undefined
  maxCostUsd?: number | undefined
}

type Environment = Readonly<Record<string, string | undefined>>
type Setting = Exclude<keyof DriverSettings, 'driver'>
type Read =
  | { ok: true; config: DriverConfig }
  | { ok: false; settings: Setting[]; key: (typeof MODEL_KEYS)[keyof typeof MODEL_KEYS] | null }

/** Variables that hold the key of a model; one of them has to be set. */
export const MODEL_KEYS = {
  'claude-code': ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
  codex: ['CODEX_API_KEY', 'OPENAI_API_KEY'],
} as const

const USED: Record<DriverConfig['provider'], readonly Setting[]> = {
  command: ['command'],
  'claude-code': ['program', 'permissions', 'maxTurns', 'maxCostUsd'],
  codex: ['program', 'permissions'],
}

/**
 * Makes the driver's part of the configuration. `passed` are the variables that the operator hands on by name: with
 * them claude-code may reach a model by other ways than a key.
 */
export function driverConfig(
  settings: DriverSettings,
  env: Environment,
  passed: Readonly<Record<string, string>>,
): Read {
  const { driver } = settings
  const given = (Object.keys(settings) as (keyof DriverSettings)[]).filter(
    (name) => settings[name] !== undefined,
  )
  const unused = given.filter((name) => name !== 'driver' && !USED[driver].includes(name)) as Setting[]
  if (driver === 'command') {
    if (settings.command === undefined) unused.push('command')
    if (unused.length > 0) return { ok: false, settings: unused, key: null }
    return { ok: true, config: { provider: driver, command: settings.command ?? '' } }
  }
  const model = modelAccess(driver, env, passed)
  if (unused.length > 0 || model === null) {
    return { ok: false, settings: unused, key: model === null ? MODEL_KEYS[driver] : null }
  }
  const { program = AGENT_PROGRAMS[driver].command, permissions = 'workspace' } = settings
  const common = { program, permissions, model }
  if (driver === 'codex') {
    return { ok: true, config: { provider: driver, ...common, baseUrl: env.OPENAI_BASE_URL || null } }
  }
  const { maxTurns = null, maxCostUsd = null } = settings
  return { ok: true, config: { provider: driver, ...common, maxTurns, maxCostUsd } }
}

/** Null when there is no way to a model. */
function modelAccess(
  driver: keyof typeof MODEL_KEYS,
  env: Environment,
  passed: Readonly<Record<string, string>>,
): ModelAccess | null {
  const keys = MODEL_KEYS[driver].flatMap((name) => (env[name] ? [[name, env[name]] as const] : []))
  const secrets = keys.map(([, value]) => value)
  if (driver === 'codex') {
    const [key] = secrets
    return key === undefined ? null : { variables: { CODEX_API_KEY: key }, secrets }
  }
  const otherWay = Object.keys(passed).some((name) => name.startsWith('CLAUDE_CODE_USE_'))
  if (keys.length === 0 && !otherWay) return null
  const address = env.ANTHROPIC_BASE_URL ? { ANTHROPIC_BASE_URL: env.ANTHROPIC_BASE_URL } : {}
  return { variables: { ...address, ...Object.fromEntries(keys) }, secrets }
}
