import { join, resolve } from 'node:path'
import { z } from 'zod'
import { AgentName } from '../protocol/assignment.ts'
import { isAgentKey } from '../runtime/keys.ts'
import { type DriverConfig, driverConfig } from './driver-config.ts'
import { PERMISSIONS } from './drivers/model-access.ts'

/** What the command line gives; every value is text as it was typed. */
export type AgentOptions = {
  url?: string | undefined
  name?: string | undefined
  driver?: string | undefined
  command?: string | undefined
  program?: string | undefined
  permissions?: string | undefined
  maxTurns?: string | undefined
  maxCostUsd?: string | undefined
  workDir?: string | undefined
  maxSessions?: string | undefined
  passEnv?: string[] | undefined
}

export type AgentConfig = {
  /** Base address of the server, `http:` or `https:`, without a slash at its end. */
  url: string
  key: string
  /** The agent's name when the operator gave it; the server then has to agree. */
  name: string | null
  driver: DriverConfig
  /** Absolute. */
  workDir: string
  maxSessions: number
  /** Where programs are looked for. */
  path: string
  /** Variables that the operator passes on to programs, by name. */
  passEnv: Record<string, string>
}

/** One sentence per wrong setting; `name` is what the operator has to change. */
type ConfigProblem = { name: string; expected: string }
type ConfigResult = { ok: true; config: AgentConfig } | { ok: false; problems: ConfigProblem[] }

type Environment = Readonly<Record<string, string | undefined>>

/** Settings, the option and the variable that set them; the option wins. Help texts and messages are made from it. */
export const AGENT_SETTINGS = {
  url: {
    option: '--url',
    variable: 'MISSION_CONTROL_URL',
    expected: 'the address of the server, such as https://mission.example',
  },
  key: {
    option: null,
    variable: 'MISSION_CONTROL_AGENT_KEY',
    expected: "the agent's API key, mc_..., as `mission-control token` printed it",
  },
  name: {
    option: '--name',
    variable: 'MISSION_CONTROL_AGENT_NAME',
    expected: "the agent's name: lower-case letters, digits and dashes, at most 39",
  },
  driver: {
    option: '--driver',
    variable: 'MISSION_CONTROL_AGENT_DRIVER',
    expected: 'the driver: command (the default), claude-code or codex',
  },
  command: {
    option: '--command',
    variable: 'MISSION_CONTROL_AGENT_COMMAND',
    expected: 'the shell command line that does the work (driver command, and no other)',
  },
  program: {
    option: '--program',
    variable: 'MISSION_CONTROL_AGENT_PROGRAM',
    expected: 'the program claude or codex by another name or path (drivers claude-code and codex)',
  },
  permissions: {
    option: '--permissions',
    variable: 'MISSION_CONTROL_AGENT_PERMISSIONS',
    expected: 'what the program may do: workspace (the default) or all (drivers claude-code and codex)',
  },
  maxTurns: {
    option: '--max-turns',
    variable: 'MISSION_CONTROL_AGENT_MAX_TURNS',
    expected: 'the most turns of a session, a number from 1 to 10000 (driver claude-code)',
  },
  maxCostUsd: {
    option: '--max-cost-usd',
    variable: 'MISSION_CONTROL_AGENT_MAX_COST_USD',
    expected: 'the most US dollars that a session may cost, such as 2.50 (driver claude-code)',
  },
  workDir: {
    option: '--work-dir',
    variable: 'MISSION_CONTROL_AGENT_WORK_DIR',
    expected: 'a directory for sessions and caches (HOME must be set when it is left out)',
  },
  maxSessions: {
    option: '--max-sessions',
    variable: 'MISSION_CONTROL_AGENT_MAX_SESSIONS',
    expected: 'how many sessions may run at once, a number from 1 to 64',
  },
  passEnv: {
    option: '--pass-env',
    variable: 'MISSION_CONTROL_AGENT_PASS_ENV',
    expected: 'names of variables that are set, not HOME, TMPDIR, MISSION_CONTROL_* or GIT_*',
  },
} as const satisfies Record<string, { option: string | null; variable: string; expected: string }>

type Setting = keyof typeof AGENT_SETTINGS

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin'
const RESERVED = /^(HOME|TMPDIR|PWD|MISSION_CONTROL_.*|GIT_(?!SSL_CAINFO$).*)$/

const serverUrl = z
  .url({ protocol: /^https?$/ })
  .refine((text) => {
    const url = URL.parse(text)
    return url?.username === '' && url.password === '' && url.search === '' && url.hash === ''
  })
  .transform((text) => text.replace(/\/+$/, ''))

/** Checked apart from the rest, so that what a driver lacks is told together with everything else that is wrong. */
const DriverOptions = z.object({
  driver: z.enum(['command', 'claude-code', 'codex']),
  command: z.string().trim().min(1).optional(),
  program: z.string().trim().min(1).optional(),
  permissions: z.enum(PERMISSIONS).optional(),
  maxTurns: z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(1).max(10_000)).optional(),
  maxCostUsd: z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number)
    .pipe(z.number().positive().max(100_000))
    .optional(),
})

const Settings = z.object({
  url: serverUrl,
  key: z.string().refine(isAgentKey),
  name: AgentName.nullable(),
  workDir: z.string().min(1),
  maxSessions: z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(1).max(64)),
  passEnv: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)),
})

/**
 * Reads the runner's settings from options and environment. Pure: touches neither disk nor network.
 * Every wrong setting is named with what is expected of it; secrets are not repeated.
 */
export function readAgentConfig(options: AgentOptions, env: Environment): ConfigResult {
  const given = gather(options, env)
  const parsed = Settings.safeParse(given)
  const driverOptions = DriverOptions.safeParse(given)
  const problems = new Map<Setting | 'modelKey', ConfigProblem>()
  for (const issue of [...(parsed.error?.issues ?? []), ...(driverOptions.error?.issues ?? [])]) {
    const setting = issue.path[0] as Setting
    problems.set(setting, explain(setting))
  }
  const passEnv: Record<string, string> = {}
  for (const name of given.passEnv) {
    const value = env[name]
    if (value === undefined || RESERVED.test(name)) problems.set('passEnv', explain('passEnv', name))
    else passEnv[name] = value
  }
  const driver = driverOptions.success ? driverConfig(driverOptions.data, env, passEnv) : null
  if (driver?.ok === false) {
    for (const setting of driver.settings) problems.set(setting, explain(setting))
    if (driver.key !== null) problems.set('modelKey', { name: driver.key[0], expected: keyOf(driver.key) })
  }
  if (!parsed.success || !driver?.ok || problems.size > 0)
    return { ok: false, problems: [...problems.values()] }
  const path = env.PATH || DEFAULT_PATH
  const workDir = resolve(parsed.data.workDir)
  return { ok: true, config: { ...parsed.data, driver: driver.config, workDir, path, passEnv } }
}

function keyOf([, ...others]: readonly string[]): string {
  return `the key of the model that this driver uses (or set ${others.join(' or ')})`
}

function gather(options: AgentOptions, env: Environment) {
  const pick = (setting: Setting, option: string | undefined) =>
    option ?? (env[AGENT_SETTINGS[setting].variable] || undefined)
  return {
    url: pick('url', options.url),
    key: pick('key', undefined),
    name: pick('name', options.name) ?? null,
    driver: pick('driver', options.driver) ?? 'command',
    command: pick('command', options.command),
    program: pick('program', options.program),
    permissions: pick('permissions', options.permissions),
    maxTurns: pick('maxTurns', options.maxTurns),
    maxCostUsd: pick('maxCostUsd', options.maxCostUsd),
    workDir: pick('workDir', options.workDir) ?? defaultWorkDir(env),
    maxSessions: pick('maxSessions', options.maxSessions) ?? '1',
    passEnv: options.passEnv ?? (env[AGENT_SETTINGS.passEnv.variable] ?? '').split(/[\s,]+/).filter(Boolean),
  }
}

/** The XDG state directory: caches are worth keeping, but nothing here is configuration. */
function defaultWorkDir(env: Environment): string | undefined {
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, 'mission-control', 'agent')
  return env.HOME ? join(env.HOME, '.local', 'state', 'mission-control', 'agent') : undefined
}

function explain(setting: Setting, subject?: string): ConfigProblem {
  const { option, variable, expected } = AGENT_SETTINGS[setting]
  const name = option === null ? variable : `${variable} (${option})`
  return { name: subject === undefined ? name : `${name}: ${subject}`, expected }
}
