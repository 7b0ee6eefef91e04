import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WEBHOOK_PATH } from '../../api/server.ts'
import type { Config } from '../../config.ts'
import { DEFAULT_POLICY, processEnvironment } from '../../config.ts'
import { startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.ts'
import { type LocalGitHub, startLocalGitHub } from '../../local-github/server.ts'
import { type RunningServer, startServer } from '../../main.ts'
import { Lifecycle } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'
import { makeToken } from '../token.ts'
import { startAgent } from './agents.ts'
import type { Driver } from './driver.ts'
import { createMaintainer, type Maintainer } from './maintainer.ts'
import { FILES, ISSUES, OUTSIDER, OWNER, REPOSITORY } from './repository.ts'

/** Everything the demo runs: a GitHub, a server, two agents, and a maintainer to play. */
export interface World {
  github: LocalGitHub
  server: RunningServer
  webhookSecret: string
  repository: string
  tokens: { maintainer: string; outsider: string }
  maintainer: Maintainer
  issues: { number: number; title: string; url: string }[]
  directory: string
  driver: Pick<Driver, 'provider' | 'thinking' | 'patienceMs'>
  stop(): Promise<void>
}

const AGENTS = ['ada', 'grace'] as const

/** Starts all of it on free ports, in a fresh directory that `stop` removes, and takes the driver into its care. */
export async function startWorld(logger: Logger, driver: Driver): Promise<World> {
  const lifecycle = new Lifecycle(logger)
  lifecycle.add({ name: 'driver', stop: () => driver.stop() })
  try {
    return await start(logger, lifecycle, driver)
  } catch (error) {
    await lifecycle.stop()
    throw error
  }
}

async function start(logger: Logger, lifecycle: Lifecycle, driver: Driver): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'mission-control-demo-'))
  lifecycle.add({
    name: 'directory',
    stop: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  })
  // as root PostgreSQL runs under another account, which has to pass through here
  await chmod(directory, 0o711)
  const [github, postgres] = await Promise.all([
    startLocalGitHub({ production: processEnvironment().NODE_ENV === 'production' }),
    startEmbeddedPostgres({
      dataDir: join(directory, 'postgres'),
      // nothing of a demo is kept, so nothing of it is written for keeps
      settings: { fsync: 'off', full_page_writes: 'off' },
      logger,
    }),
  ])
  lifecycle.add({ name: 'postgres', stop: () => postgres.stop() })
  lifecycle.add({ name: 'local GitHub', stop: () => github.stop() })

  const config = demoConfig(github, postgres.url, directory)
  const [server, seeded] = await Promise.all([startServer(config, logger), seed(github)])
  lifecycle.add({ name: 'server', stop: () => server.stop() })
  github.setWebhook({ url: `${server.url}${WEBHOOK_PATH}` })
  await github.install([seeded.repository])

  await Promise.all(
    AGENTS.map(async (name) => {
      const key = await makeToken(config, {
        name,
        owner: OWNER,
        provider: driver.provider,
        capabilities: ['coding', 'writing'],
        project: [seeded.repository],
        maxConcurrent: '1',
      })
      const path = processEnvironment().PATH ?? '/usr/local/bin:/usr/bin:/bin'
      lifecycle.add(startAgent({ name, key, serverUrl: server.url, directory, path, driver }))
    }),
  )
  return {
    github,
    server,
    webhookSecret: github.app.webhookSecret,
    ...seeded,
    directory,
    driver,
    stop: () => lifecycle.stop(),
  }
}

function demoConfig(github: LocalGitHub, databaseUrl: string, directory: string): Config {
  return {
    host: '127.0.0.1',
    port: 0,
    publicUrl: null,
    databaseUrl,
    databaseUrlDirect: null,
    dataDir: join(directory, 'server'),
    serverKey: null,
    github: {
      appId: github.app.id,
      privateKey: github.app.privateKey,
      webhookSecrets: [github.app.webhookSecret],
      apiUrl: github.apiUrl,
      url: github.webUrl,
    },
    logLevel: 'warn',
    policy: DEFAULT_POLICY,
    reconcileSeconds: 1,
  }
}

/** Makes the people and the repository, and opens the issues as the maintainer. */
async function seed(
  github: LocalGitHub,
): Promise<Pick<World, 'repository' | 'tokens' | 'maintainer' | 'issues'>> {
  const { fullName: repository } = await github.createRepository({
    owner: OWNER,
    name: REPOSITORY,
    description: 'Small functions over lists of numbers',
    files: FILES,
  })
  const tokens = { maintainer: github.createUser(OWNER).token, outsider: github.createUser(OUTSIDER).token }
  const maintainer = createMaintainer(github.apiUrl, tokens.maintainer, repository)
  await maintainer.makeLabel('process', 'Have an agent work on this issue')
  const issues: World['issues'] = []
  for (const issue of ISSUES) {
    const { number, url } = await maintainer.openIssue(issue)
    issues.push({ number, title: issue.title, url })
  }
  return { repository, tokens, maintainer, issues }
}
