import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WEBHOOK_PATH } from '../../src/api/server.ts'
import { type Config, DEFAULT_POLICY } from '../../src/config.ts'
import { findProjectByRepository, type Project } from '../../src/db/repositories/projects.ts'
import { lastEvents, type SessionEvent } from '../../src/db/repositories/session-events.ts'
import { type Session, sessionsOfTask } from '../../src/db/repositories/sessions.ts'
import { findTaskByNumber, type Task } from '../../src/db/repositories/tasks.ts'
import { type LocalGitHub, type LocalGitHubOptions, startLocalGitHub } from '../../src/local-github/server.ts'
import { type RunningServer, startServer } from '../../src/main.ts'
import { createAgent } from '../../src/orchestrator/create-agent.ts'
import type { Policy } from '../../src/orchestrator/orchestrator.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { type AgentProcess, type RunnerCommand, startAgentProcess } from './agent-process.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { type Person, person } from './person.ts'
import { connectScriptedAgent, type ScriptedAgent } from './scripted-agent.ts'
import { until } from './wait.ts'

export interface WorldOptions {
  files?: Record<string, string>
  /** Makes the repository without any commit. */
  empty?: boolean
  private?: boolean
  policy?: Partial<Policy>
  github?: LocalGitHubOptions
  /** How long `reach` waits, in seconds; 25 unless told. */
  patience?: number
  /** Pace of what repeats; 1 in production, 0.2 here unless told. */
  reconcileSeconds?: number
  /** Starts the server elsewhere than in this process, such as in one that may be killed. */
  start?: (config: Config) => Promise<RunningServer>
}

/** A local GitHub, a server and a repository, with everything a story needs to act and to look. */
export interface World {
  github: LocalGitHub
  server: RunningServer
  database: TestDatabase
  repository: string
  maintainer: Person
  outsider: Person
  /** Opens an issue as the maintainer; answers its number. */
  openIssue(issue?: { title?: string; body?: string; labels?: string[] }): Promise<number>
  /** Adds the trigger label as the maintainer. */
  process(number: number): Promise<void>
  /** The project of the repository, by its id: it may have been renamed. */
  project(): Promise<Project | undefined>
  task(number: number): Promise<Task | undefined>
  sessions(number: number): Promise<Session[]>
  events(number: number): Promise<SessionEvent[]>
  /** Waits until the task is in a status (and more, when told). */
  reach(number: number, status: Task['status'], more?: (task: Task) => boolean): Promise<Task>
  /** Bodies of the comments that the app wrote on an issue. */
  appComments(number: number): Promise<string[]>
  /** An agent that the test plays, over the real socket. */
  scriptedAgent(name: string, options?: AgentOptions): Promise<ScriptedAgent>
  /** The real runner in a process of its own, with the `command` driver and this shell command, or as told. */
  agentProcess(name: string, command: RunnerCommand, options?: AgentOptions): Promise<AgentProcess>
  /** The key of a new agent, for agents that connect in their own way. */
  agentKey(name: string, options?: AgentOptions): Promise<string>
  /** Stops the server and starts it again on the same database, port and data. `between` runs while it is down. */
  restartServer(between?: () => Promise<void>): Promise<void>
  /** Where the server keeps its mirrors. */
  mirrorsDirectory: string
  /** What the server makes session tokens with. */
  serverKey: string
  /** Ends all agents that were connected so far, for instance after each test. */
  dismissAgents(): Promise<void>
  stop(): Promise<void>
}

export interface AgentOptions {
  capabilities?: string[]
  maxConcurrent?: number
  provider?: 'command' | 'claude-code' | 'codex'
  /** False: its owner may not write to the repository, so its work waits for approval. */
  ownerMayWrite?: boolean
}

const OWNER = 'maya'
const NAME = 'project'
const FILES = { 'README.md': '# project\n', 'src/code.js': 'export const answer = 41\n' }

/**
 * Short times, so that stories about leases and retries are quick, and no budget of calls: how many stories share a
 * world in a minute depends on the machine. The limits have tests of their own.
 */
const POLICY: Policy = {
  ...DEFAULT_POLICY,
  backoffFactor: 0.01,
  contentPerMinute: 10_000,
  contentPerHour: 10_000,
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'mc-world-'))
  const [github, database] = await Promise.all([
    startLocalGitHub({
      checkResponses: true,
      limits: { contentPerMinute: 10_000, contentPerHour: 10_000, pointsPerMinute: 1_000_000 },
      ...options.github,
    }),
    createTestDatabase(),
  ])
  const created = await github.createRepository({
    owner: OWNER,
    name: NAME,
    ...(options.private ? { private: true } : {}),
    ...(options.empty ? {} : { files: { ...FILES, ...options.files } }),
  })
  const repository = created.fullName
  const maintainer = person(github, repository, OWNER)
  const outsider = person(github, repository, 'oscar')
  await maintainer.call('POST', '/labels', { name: 'process', color: '1f883d' })

  const serverKey = randomBytes(32).toString('hex')
  const config: Config = {
    host: '127.0.0.1',
    port: 0,
    publicUrl: null,
    databaseUrl: database.url,
    databaseUrlDirect: null,
    dataDir: join(directory, 'server'),
    serverKey,
    github: {
      appId: github.app.id,
      privateKey: github.app.privateKey,
      webhookSecrets: [github.app.webhookSecret],
      apiUrl: github.apiUrl,
      url: github.webUrl,
    },
    logLevel: 'silent',
    policy: { ...POLICY, ...options.policy },
    reconcileSeconds: options.reconcileSeconds ?? 0.2,
  }
  const logger = createLogger(process.env.TEST_LOG ?? 'silent')
  const start = options.start ?? ((one: Config) => startServer(one, logger))
  let server = await start(config)
  github.setWebhook({ url: `${server.url}${WEBHOOK_PATH}` })
  const { installationId } = await github.install([repository])
  await github.flushWebhooks()
  const ending: (() => Promise<void>)[] = []

  const world: World = {
    github,
    get server() {
      return server
    },
    database,
    repository,
    maintainer,
    outsider,
    async openIssue(issue = {}) {
      const made = await maintainer.call('POST', '/issues', {
        title: issue.title ?? 'The answer is wrong',
        body: issue.body ?? 'It should be 42.',
        ...(issue.labels ? { labels: issue.labels } : {}),
      })
      return Number(made.number)
    },
    async process(number) {
      await maintainer.call('POST', `/issues/${number}/labels`, { labels: ['process'] })
    },
    project: () => findProjectByRepository(database.db, created.id),
    async task(number) {
      const project = await world.project()
      return project && findTaskByNumber(database.db, project.id, number)
    },
    async sessions(number) {
      const task = await world.task(number)
      return task ? sessionsOfTask(database.db, task.id) : []
    },
    async events(number) {
      const task = await world.task(number)
      return task ? lastEvents(database.db, task.id, 1_000) : []
    },
    async reach(number, status, more = () => true) {
      let last: Task | undefined
      try {
        return await until(
          `#${number} is ${status}`,
          async () => {
            last = await world.task(number)
            return last?.status === status && more(last) ? last : null
          },
          options.patience,
        )
      } catch (error) {
        const history = (await world.events(number)).map(
          (event) => `${event.kind} ${JSON.stringify(event.detail)}`,
        )
        throw new Error(`${error}\nit is ${last?.status} (${last?.statusBecause})\n${history.join('\n')}`)
      }
    },
    async appComments(number) {
      const comments = await maintainer.call('GET', `/issues/${number}/comments?per_page=100`)
      return (comments as unknown as { body: string; user: { type: string } }[])
        .filter((comment) => comment.user.type === 'Bot')
        .map((comment) => comment.body)
    },
    async agentKey(name, agent = {}) {
      const made = await createAgent(database.db, {
        name,
        owner: { id: maintainer.id, login: OWNER },
        provider: agent.provider ?? 'command',
        capabilities: agent.capabilities ?? ['coding', 'writing', 'research'],
        maxConcurrent: agent.maxConcurrent ?? 1,
        projects: [
          {
            ownerMayWrite: agent.ownerMayWrite ?? true,
            repository: {
              githubId: created.id,
              installationId,
              owner: OWNER,
              ownerId: maintainer.id,
              name: NAME,
              private: options.private === true,
              defaultBranch: created.defaultBranch,
            },
          },
        ],
      })
      if (!made.ok) throw new Error(made.reason)
      return made.key
    },
    async scriptedAgent(name, agent) {
      const made = await connectScriptedAgent(name, await world.agentKey(name, agent), () => server.url)
      ending.push(() => made.close())
      return made
    },
    async agentProcess(name, command, agent) {
      const key = await world.agentKey(name, agent)
      const started = await startAgentProcess({ name, key, command, serverUrl: server.url, directory })
      ending.push(() => started.stop())
      return started
    },
    mirrorsDirectory: join(config.dataDir, 'mirrors'),
    serverKey,
    async restartServer(between) {
      const { port } = new URL(server.url)
      await server.stop()
      await between?.()
      server = await start({ ...config, port: Number(port) })
    },
    async dismissAgents() {
      for (const end of ending.splice(0).reverse()) await end()
    },
    async stop() {
      await world.dismissAgents()
      await server.stop()
      try {
        await github.stop()
      } finally {
        await database.drop()
        await rm(directory, { recursive: true, force: true, maxRetries: 5 })
      }
    },
  }
  return world
}
