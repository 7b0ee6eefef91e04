import { join } from 'node:path'
import { type Config, DEFAULT_POLICY } from '../../src/config.ts'
import { type Remote, startChild } from './child.ts'
import { temporaryDirectory } from './directory.ts'
import type { GitHubApi } from './github-process.ts'
import type { PostgresApi } from './postgres-process.ts'
import type { ServerApi } from './server-process.ts'

/** A GitHub and a database, each in a process of its own, and the configuration of a server on them. */
export interface Stage {
  github: Remote<GitHubApi>
  config: Config
  databaseUrl: string
  directory: string
}

/** Starts a local GitHub and a PostgreSQL that keeps what it commits, as in production. */
export async function setStage(stack: AsyncDisposableStack): Promise<Stage> {
  const directory = await temporaryDirectory(stack)
  const [github, postgres] = await Promise.all([
    startChild<GitHubApi>(stack, new URL('./github-process.ts', import.meta.url), {}),
    startChild<PostgresApi>(stack, new URL('./postgres-process.ts', import.meta.url), {
      dataDir: join(directory, 'postgres'),
    }),
  ])
  const [{ app, apiUrl, webUrl }, databaseUrl] = await Promise.all([github.describe(), postgres.url()])
  const config: Config = {
    host: '127.0.0.1',
    port: 0,
    publicUrl: null,
    databaseUrl,
    databaseUrlDirect: null,
    dataDir: join(directory, 'server'),
    serverKey: null,
    github: {
      appId: app.id,
      privateKey: app.privateKey,
      webhookSecrets: [app.webhookSecret],
      apiUrl,
      url: webUrl,
    },
    logLevel: 'warn',
    policy: DEFAULT_POLICY,
    reconcileSeconds: 1,
  }
  return { github, config, databaseUrl, directory }
}

/** Starts the server in a process of its own. @param profiles where its CPU profile goes, if one is wanted */
export function startServerProcess(
  stack: AsyncDisposableStack,
  config: Config,
  profiles: string | null,
): Promise<Remote<ServerApi>> {
  const flags = profiles === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
  return startChild<ServerApi>(stack, new URL('./server-process.ts', import.meta.url), config, flags)
}
