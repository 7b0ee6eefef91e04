import { randomBytes } from 'node:crypto'
import { openSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Kysely } from 'kysely'
import { type Remote, startChild } from '../bench/stage/child.ts'
import { WEBHOOK_PATH } from '../src/api/server.ts'
import { type Config, DEFAULT_POLICY, processEnvironment } from '../src/config.ts'
import { openDatabase } from '../src/db/pool.ts'
import type { Database } from '../src/db/schema.ts'
import { createAgent, type NewAgent } from '../src/orchestrator/create-agent.ts'
import { createServerKeys } from '../src/runtime/keys.ts'
import { type Balancer, freePort, startBalancer } from './balancer.ts'
import { type Api, apiOf } from './github-api.ts'
import type { GitHubApi } from './github-process.ts'
import type { Subject } from './invariants/subject.ts'
import { Load } from './load.ts'
import { preparePostgres } from './postgres.ts'
import { processes, Supervised, signalAll, start } from './processes.ts'

export interface WorldSize {
  servers: number
  agents: number
  projects: number
  leaseSeconds: number
}

/** Everything that a run has: each part is a process of its own, and only GitHub and the balancer live through it. */
export interface World {
  directory: string
  config: Config
  github: Remote<GitHubApi>
  api: Api
  /** The app's own credentials, for defects that are planted. */
  app: { id: number; privateKey: string; installationId: number; gitUrl: string; apiUrl: string }
  balancer: Balancer
  postgres: Supervised
  servers: Supervised[]
  agents: Supervised[]
  load: Load
  subject: Subject
  db: Kysely<Database>
  /** Asks the runners to end, then everything else; answers what was left of processes. */
  shutDown(): Promise<string[]>
}

const OWNER = 'maya'
const NAMES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta']
const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
const SERVER = fileURLToPath(new URL('./server-main.ts', import.meta.url))
const PROGRAM = fileURLToPath(new URL('./agent-program.ts', import.meta.url))
const PATIENCE_MS = 90_000

const FILES = {
  'README.md': '# A project\n',
  'AGENTS.md': 'Keep it small.\n',
  '.github/mission-control.yml':
    'limits:\n  max_attempts: 4\n  concurrent_sessions: 100\n  open_pull_requests: 1000000\n',
}

/** Starts all of it in a fresh directory. Whatever it started ends with the stack, also when it fails half-way. */
export async function startWorld(
  stack: AsyncDisposableStack,
  size: WorldSize,
  say: (line: string) => void,
): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'mission-control-chaos-'))
  // as root PostgreSQL runs under another account, which has to pass through here
  await chmod(directory, 0o711)
  await mkdir(join(directory, 'logs'))
  stack.defer(() => sweepProcesses(directory))
  const logOf = (name: string): number => openSync(join(directory, 'logs', `${name}.log`), 'a', 0o600)
  const postgresPlan = await preparePostgres(
    join(directory, 'postgres'),
    await freePort(),
    join(directory, 'logs', 'postgres.log'),
  )
  const postgres = new Supervised(postgresPlan.program, say)
  stack.defer(() => postgres.end('SIGINT'))
  const github = await startChild<GitHubApi>(stack, new URL('./github-process.ts', import.meta.url), {
    root: join(directory, 'github'),
  })
  const described = await github.describe()
  const ports = await Promise.all(Array.from({ length: size.servers }, freePort))
  const balancer = await startBalancer(ports)
  stack.defer(() => balancer.stop())
  const config = configOf(described, balancer.url, postgresPlan.url, size.leaseSeconds)
  const servers: Supervised[] = []
  for (const [index, port] of ports.entries()) {
    const file = join(directory, `server-${index}.json`)
    const own = { ...config, port, dataDir: join(directory, `server-${index}`) }
    await writeFile(file, JSON.stringify(own), { mode: 0o600 })
    const log = logOf(`server-${index}`)
    const env = { PATH: pathOf(), HOME: directory }
    const server = new Supervised(
      { name: `server-${index}`, start: () => start(process.execPath, [SERVER, file], { env, log }) },
      say,
    )
    stack.defer(() => server.end('SIGTERM'))
    servers.push(server)
  }
  await Promise.all(ports.map(ready))
  const seeded = await seed(github, described.apiUrl, size.projects)
  await github.setWebhook(`${balancer.url}${WEBHOOK_PATH}`)
  const { installationId } = await github.install(seeded.repositories.map(({ fullName }) => fullName))
  const { db, close } = openDatabase(postgresPlan.url, { max: 4, applicationName: 'chaos' })
  stack.defer(close)
  const agents: Supervised[] = []
  for (let index = 0; index < size.agents; index += 1) {
    const name = `agent-${index}`
    const key = await makeAgent(db, name, seeded, installationId)
    const agent = new Supervised(runner({ name, key, url: balancer.url, directory, log: logOf(name) }), say)
    stack.defer(() => agent.end('SIGTERM'))
    agents.push(agent)
  }
  const repositories = seeded.repositories.map(({ fullName }) => fullName)
  const load = new Load(seeded.api, repositories)
  const subject: Subject = {
    db,
    keys: createServerKeys(config.serverKey ?? ''),
    leaseMs: size.leaseSeconds * 1_000,
    gatewayUrl: balancer.url,
    agents: agents.map((agent) => ({
      name: agent.name,
      workDir: join(directory, agent.name),
      runsSince: () => (agent.state === 'running' ? agent.since : null),
    })),
    repositories,
    asked: () => load.asked,
    github: {
      events: (after) => github.events(after),
      read: (path) => seeded.api('GET', path),
    },
  }
  return {
    ...{ directory, config, github, balancer, postgres, servers, agents, load, subject, db },
    api: seeded.api,
    app: { ...described.app, installationId, gitUrl: described.gitUrl, apiUrl: described.apiUrl },
    async shutDown() {
      await Promise.all(agents.map((agent) => agent.end('SIGTERM')))
      await Promise.all(servers.map((server) => server.end('SIGTERM')))
      await close()
      await postgres.end('SIGINT')
      return (await ofWorld(directory)).map(({ pid, command }) => `${pid} ${command.slice(0, 200)}`)
    },
  }
}

/** Times that belong to the lease are shortened with it, so that what is fair of 120 s is fair of less. */
function configOf(
  github: Awaited<ReturnType<Remote<GitHubApi>['describe']>>,
  publicUrl: string,
  databaseUrl: string,
  leaseSeconds: number,
): Config {
  const pace = leaseSeconds / DEFAULT_POLICY.leaseSeconds
  return {
    host: '127.0.0.1',
    port: 0,
    publicUrl,
    databaseUrl,
    databaseUrlDirect: null,
    dataDir: '',
    serverKey: randomBytes(32).toString('hex'),
    github: {
      appId: github.app.id,
      privateKey: github.app.privateKey,
      webhookSecrets: [github.app.webhookSecret],
      apiUrl: github.apiUrl,
      url: github.webUrl,
    },
    logLevel: 'info',
    policy: {
      ...DEFAULT_POLICY,
      leaseSeconds,
      // a task that fails for good has its last attempt before it has to have ended
      backoffFactor: Math.min(1, pace / 4),
      // GitHub's own limits are off as well: how much is asked depends on the run
      contentPerMinute: 1_000_000,
      contentPerHour: 1_000_000,
    },
    reconcileSeconds: Math.min(1, pace),
  }
}

interface Seeded {
  api: Api
  owner: { id: number; login: string }
  repositories: Awaited<ReturnType<Remote<GitHubApi>['createRepository']>>[]
}

async function seed(github: Remote<GitHubApi>, apiUrl: string, projects: number): Promise<Seeded> {
  const repositories: Seeded['repositories'] = []
  for (const name of NAMES.slice(0, projects))
    repositories.push(await github.createRepository({ owner: OWNER, name, files: FILES }))
  const { id, login, token } = await github.createUser(OWNER)
  const api = apiOf(apiUrl, token)
  for (const { fullName } of repositories)
    await api('POST', `/repos/${fullName}/labels`, { name: 'process', color: '1f883d' })
  return { api, owner: { id, login }, repositories }
}

async function makeAgent(
  db: Kysely<Database>,
  name: string,
  { owner, repositories }: Seeded,
  installationId: number,
): Promise<string> {
  const projects: NewAgent['projects'] = repositories.map(({ id, fullName, defaultBranch }) => ({
    ownerMayWrite: true,
    repository: {
      githubId: id,
      installationId,
      owner: owner.login,
      ownerId: owner.id,
      name: fullName.slice(fullName.indexOf('/') + 1),
      private: false,
      defaultBranch,
    },
  }))
  const capabilities = ['coding', 'writing', 'research']
  const made = await createAgent(db, {
    ...{ name, owner, capabilities, projects },
    provider: 'command',
    maxConcurrent: 1,
  })
  if (!made.ok) throw new Error(made.reason)
  return made.key
}

function runner(agent: { name: string; key: string; url: string; directory: string; log: number }) {
  const { name, key, url, directory, log } = agent
  const command = `"${process.execPath}" "${PROGRAM}"`
  const places = ['--name', name, '--work-dir', join(directory, name)]
  const args = [CLI, 'agent', '--url', url, '--command', command, ...places]
  const env = { PATH: pathOf(), HOME: directory, MISSION_CONTROL_AGENT_KEY: key, LOG_LEVEL: 'info' }
  return { name, start: () => start(process.execPath, args, { env, log }) }
}

function pathOf(): string {
  return processEnvironment().PATH ?? '/usr/local/bin:/usr/bin:/bin'
}

async function ready(port: number): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`)
      await response.text()
      if (response.ok) return
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
    if (Date.now() > deadline) throw new Error(`the server on port ${port} does not get ready`)
    await delay(100)
  }
}

/** Processes that belong to a world: its directory stands in their environment or on their command line. */
async function ofWorld(directory: string) {
  const all = await processes()
  return all.filter(
    ({ pid, environment, command }) =>
      pid !== process.pid && (environment.includes(directory) || command.includes(directory)),
  )
}

/** Whatever is still there of a world, in whatever state. */
async function sweepProcesses(directory: string): Promise<void> {
  const left = await ofWorld(directory)
  signalAll(
    left.map(({ pid }) => pid),
    'SIGKILL',
  )
}

/** Removes the directory of a world whose processes have ended. */
export function removeWorld(directory: string): Promise<void> {
  return rm(directory, { recursive: true, force: true, maxRetries: 5 })
}
