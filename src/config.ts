import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import type { Policy } from './orchestrator/orchestrator.ts'

/**
 * Times of the protocol (the lease and the acknowledgement are given by the product), and how far we stay below
 * the 80 content-creating calls a minute and 500 an hour that GitHub allows an installation:
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
export const DEFAULT_POLICY: Policy = {
  leaseSeconds: 120,
  acknowledgeSeconds: 15,
  stopGraceSeconds: 30,
  publishSeconds: 90,
  contentPerMinute: 60,
  contentPerHour: 450,
  backoffFactor: 1,
}

/** Everything the server needs to know, checked. */
export interface Config {
  host: string
  /** 0 for any free port. */
  port: number
  /** Where GitHub and agents reach this server; null: its own address. */
  publicUrl: string | null
  /** Null: the embedded PostgreSQL in `dataDir`. */
  databaseUrl: string | null
  /** For LISTEN and migrations, when a pooler stands before the database. */
  databaseUrlDirect: string | null
  dataDir: string
  /** Null: made at the first start and kept in `dataDir`. */
  serverKey: string | null
  github: {
    appId: number
    privateKey: string
    /** The current secret first. */
    webhookSecrets: [string, ...string[]]
    apiUrl: string
    /** Web pages and git. */
    url: string
  }
  logLevel: string
  policy: Policy
  /** Pace of what repeats, in seconds; 1 in production. */
  reconcileSeconds: number
}

export type Environment = Readonly<Record<string, string | undefined>>

/** An address without a user, a query or a fragment: others are appended to it. */
const url = z
  .url({ protocol: /^https?$/ })
  .refine((text) => {
    const address = URL.parse(text)
    return address !== null && !address.username && !address.password && !address.search && !address.hash
  })
  .transform((text) => text.replace(/\/+$/, ''))
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ })
const secret = z.string().min(16)
const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.int().min(0).max(65_535))

/** Every variable that the server reads: its check, what is expected (shown when it is wrong), and its default. */
export const SETTINGS = {
  HOST: {
    check: z.string().min(1),
    default: '127.0.0.1',
    expected: 'the address to listen on, such as 127.0.0.1 or 0.0.0.0',
  },
  PORT: { check: port, default: '3000', expected: 'a port from 0 (any free one) to 65535' },
  PUBLIC_URL: {
    check: url,
    default: null,
    expected: 'the http(s) address at which GitHub and agents reach this server',
  },
  DATABASE_URL: {
    check: postgresUrl,
    default: null,
    expected: 'postgres://user:password@host:port/database; without it the embedded PostgreSQL runs',
  },
  DATABASE_URL_DIRECT: {
    check: postgresUrl,
    default: null,
    expected: 'a postgres:// address past the pooler, for LISTEN and migrations',
  },
  MISSION_CONTROL_DATA_DIR: {
    check: z.string().min(1),
    default: null,
    expected: 'a directory for the embedded database, mirrors and the server key',
  },
  MISSION_CONTROL_KEY: {
    check: z.string().min(32),
    default: null,
    expected: 'at least 32 characters of secret, the same on all replicas',
  },
  APP_ID: {
    check: z
      .string()
      .regex(/^[1-9]\d{0,15}$/)
      .transform(Number),
    default: null,
    expected: "the GitHub App's numeric id",
  },
  PRIVATE_KEY: {
    check: z.string().transform(lineBreaks).refine(isPrivateKey),
    default: null,
    expected: "the GitHub App's private key in PEM form (\\n for line breaks is accepted)",
  },
  PRIVATE_KEY_PATH: {
    check: z
      .string()
      .min(1)
      .transform((path) => lineBreaks(readIfPossible(path)))
      .refine(isPrivateKey),
    default: null,
    expected: "the path of the GitHub App's private key, a file in PEM form that can be read",
  },
  WEBHOOK_SECRET: {
    check: secret,
    default: null,
    expected: "the GitHub App's webhook secret, at least 16 characters",
  },
  WEBHOOK_SECRET_PREVIOUS: {
    check: secret,
    default: null,
    expected: 'the secret before the last rotation, at least 16 characters',
  },
  GITHUB_API_URL: {
    check: url,
    default: 'https://api.github.com',
    expected: "the address of GitHub's REST API",
  },
  GITHUB_SERVER_URL: {
    check: url,
    default: 'https://github.com',
    expected: "the address of GitHub's pages and of git",
  },
  LOG_LEVEL: {
    check: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    default: 'info',
    expected: 'fatal, error, warn, info, debug, trace or silent',
  },
} as const satisfies Record<string, { check: z.ZodType; default: string | null; expected: string }>

/** Secrets are often kept in variables of one line. */
function lineBreaks(text: string): string {
  return text.replaceAll('\\n', '\n')
}

function isPrivateKey(text: string): boolean {
  try {
    return createPrivateKey(text).asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}

/** The text of a file; empty when there is none that can be read, which no check takes for a key. */
function readIfPossible(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

type Name = keyof typeof SETTINGS
type Values = { [Key in Name]: z.infer<(typeof SETTINGS)[Key]['check']> | null }

/** A wrong or missing variable and what is expected of it. Values are not repeated: some are secrets. */
export interface ConfigProblem {
  name: Name
  problem: 'is missing' | 'is wrong'
  expected: string
}
export type ConfigResult = { ok: true; config: Config } | { ok: false; problems: ConfigProblem[] }

const REQUIRED: readonly Name[] = ['APP_ID', 'WEBHOOK_SECRET']

/** Reads the server's configuration. Every wrong or missing variable is named with what is expected. */
export function readConfig(env: Environment): ConfigResult {
  const problems: ConfigProblem[] = []
  const problem = (name: Name, what: ConfigProblem['problem']): void => {
    problems.push({ name, problem: what, expected: SETTINGS[name].expected })
  }
  const entries = Object.entries(SETTINGS).map(([name, setting]) => {
    const given = env[name] === '' ? undefined : env[name]
    const text = given ?? setting.default
    if (text === null) return [name, null]
    const parsed = setting.check.safeParse(text)
    if (!parsed.success) problem(name as Name, 'is wrong')
    return [name, parsed.success ? parsed.data : null]
  })
  const values = Object.fromEntries(entries) as Values
  const wrong = new Set(problems.map(({ name }) => name))
  for (const name of REQUIRED) if (values[name] === null && !wrong.has(name)) problem(name, 'is missing')
  if (
    values.PRIVATE_KEY === null &&
    values.PRIVATE_KEY_PATH === null &&
    !wrong.has('PRIVATE_KEY') &&
    !wrong.has('PRIVATE_KEY_PATH')
  ) {
    problem('PRIVATE_KEY', 'is missing')
  }
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, config: assemble(values) }
}

function assemble(values: Values): Config {
  const { APP_ID: appId, WEBHOOK_SECRET: webhookSecret } = values
  const privateKey = values.PRIVATE_KEY ?? values.PRIVATE_KEY_PATH
  if (appId === null || webhookSecret === null || privateKey === null) throw new Error('checked before')
  const previous = values.WEBHOOK_SECRET_PREVIOUS
  return {
    host: values.HOST ?? '127.0.0.1',
    port: values.PORT ?? 3000,
    publicUrl: values.PUBLIC_URL,
    databaseUrl: values.DATABASE_URL,
    databaseUrlDirect: values.DATABASE_URL_DIRECT,
    dataDir: resolve(values.MISSION_CONTROL_DATA_DIR ?? defaultDataDir()),
    serverKey: values.MISSION_CONTROL_KEY,
    github: {
      appId,
      privateKey,
      webhookSecrets: previous === null ? [webhookSecret] : [webhookSecret, previous],
      apiUrl: values.GITHUB_API_URL ?? '',
      url: values.GITHUB_SERVER_URL ?? '',
    },
    logLevel: values.LOG_LEVEL ?? 'info',
    policy: DEFAULT_POLICY,
    reconcileSeconds: 1,
  }
}

/** PostgreSQL does not run as root, and its account cannot enter root's home: root keeps its data in /var/lib. */
function defaultDataDir(): string {
  if (process.getuid?.() === 0) return '/var/lib/mission-control'
  return join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'mission-control')
}

/** The environment of this process; nothing else reads it. */
export function processEnvironment(): Environment {
  return process.env
}
