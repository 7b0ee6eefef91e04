import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { WEBHOOK_PATH } from '../../src/api/server.ts'
import { makeToken } from '../../src/cli/token.ts'
import { type Config, DEFAULT_POLICY } from '../../src/config.ts'
import { openDatabase } from '../../src/db/pool.ts'
import { findProjectByName } from '../../src/db/repositories/projects.ts'
import { findTaskByNumber, type Task } from '../../src/db/repositories/tasks.ts'
import type { RequestRecord } from '../../src/local-github/requests.ts'
import { type LocalGitHub, startLocalGitHub } from '../../src/local-github/server.ts'
import { startServer } from '../../src/main.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { startChild } from './child.ts'
import { temporaryDirectory } from './directory.ts'
import type { PostgresApi } from './postgres-process.ts'
import { CLI } from './serve.ts'

const OWNER = 'maya'
const GUEST = 'oscar'
const NAME = 'numbers'
const PROGRAM = fileURLToPath(new URL('./calls-program.ts', import.meta.url))
const PATIENCE_MS = 30_000
const LOOK_MS = 25
/** As long as nothing is asked of GitHub, what had to be asked for a task has been. */
const QUIET_MS = 1_000

/** A local GitHub, a server and a runner, and a maintainer to play. Only what is asked of GitHub is of interest. */
export interface CallsStage {
  /** Opens an issue with these labels and adds the trigger label; answers its number. */
  request(title: string, labels?: string[]): Promise<number>
  call(method: string, path: string, body: object): Promise<Record<string, unknown>>
  /** Waits until the task is so. */
  reach(number: number, what: string, reached: (task: Task) => boolean): Promise<Task>
  /** Connects a runner whose owner may write to the repository, or may not. */
  startRunner(name: string, mayWrite: boolean): Promise<void>
  /** Waits until the server leaves GitHub alone, then answers what it asked since the last call. */
  calls(): Promise<RequestRecord[]>
}

/** Starts all of it. Retries are quick: how long one waits changes no count. */
export async function setCallsStage(stack: AsyncDisposableStack): Promise<CallsStage> {
  const directory = await temporaryDirectory(stack)
  const postgres = await startChild<PostgresApi>(stack, new URL('./postgres-process.ts', import.meta.url), {
    dataDir: join(directory, 'postgres'),
  })
  const github = await startLocalGitHub()
  stack.defer(() => github.stop())
  const config = callsConfig(github, await postgres.url(), join(directory, 'server'))
  const server = await startServer(config, createLogger('warn'))
  stack.defer(() => server.stop())
  const call = await seed(github, server.url)
  const { db, close } = openDatabase(server.databaseUrl, { max: 2 })
  stack.defer(() => close())
  const find = async (number: number): Promise<Task | undefined> => {
    const project = await findProjectByName(db, OWNER, NAME)
    return project && findTaskByNumber(db, project.id, number)
  }
  return {
    call,
    reach: (number, what, reached) => reach(() => find(number), `#${number} ${what}`, reached),
    calls: counter(github),
    async request(title, labels = []) {
      const { number } = await call('POST', '/issues', { title, body: 'It should be 42.', labels })
      await call('POST', `/issues/${number}/labels`, { labels: ['process'] })
      return Number(number)
    },
    async startRunner(name, mayWrite) {
      const key = await makeToken(config, {
        name,
        owner: mayWrite ? OWNER : GUEST,
        provider: 'command',
        capabilities: ['coding', 'writing'],
        project: [`${OWNER}/${NAME}`],
        maxConcurrent: '1',
      })
      runAgent(stack, { name, key, url: server.url, directory })
    },
  }
}

function callsConfig(github: LocalGitHub, databaseUrl: string, dataDir: string): Config {
  return {
    host: '127.0.0.1',
    port: 0,
    publicUrl: null,
    databaseUrl,
    databaseUrlDirect: null,
    dataDir,
    serverKey: null,
    github: {
      appId: github.app.id,
      privateKey: github.app.privateKey,
      webhookSecrets: [github.app.webhookSecret],
      apiUrl: github.apiUrl,
      url: github.webUrl,
    },
    logLevel: 'warn',
    policy: { ...DEFAULT_POLICY, backoffFactor: 0.01 },
    reconcileSeconds: 1,
  }
}

/** Makes the people and the repository. Answers how the maintainer calls GitHub's REST API on it. */
async function seed(github: LocalGitHub, serverUrl: string): Promise<CallsStage['call']> {
  await github.createRepository({ owner: OWNER, name: NAME, files: { 'README.md': '# numbers\n' } })
  github.createUser(GUEST)
  const { token } = github.createUser(OWNER)
  const call: CallsStage['call'] = async (method, path, body) => {
    const response = await fetch(`${github.apiUrl}/repos/${OWNER}/${NAME}${path}`, {
      method,
      headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as Record<string, unknown>
  }
  await call('POST', '/labels', { name: 'process', color: '1f883d' })
  github.setWebhook({ url: `${serverUrl}${WEBHOOK_PATH}` })
  await github.install([`${OWNER}/${NAME}`])
  await github.flushWebhooks()
  return call
}

async function reach(
  find: () => Promise<Task | undefined>,
  what: string,
  reached: (task: Task) => boolean,
): Promise<Task> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const task = await find()
    if (task && reached(task)) return task
    if (performance.now() > deadline) {
      throw new Error(`${what}: it is ${task?.status} (${task?.statusBecause})`)
    }
    await delay(LOOK_MS)
  }
}

/** Git's requests count; the minting of tokens, one an hour, and what the app asks for itself do not. */
function counter(github: LocalGitHub): () => Promise<RequestRecord[]> {
  let seen = 0
  const asked = (): RequestRecord[] =>
    github.requests.filter(
      ({ actor, operationId }) =>
        actor === 'installation' && operationId !== 'apps/create-installation-access-token',
    )
  return async () => {
    let count = -1
    while (asked().length !== count) {
      count = asked().length
      await delay(QUIET_MS)
      await github.flushWebhooks()
    }
    const calls = asked().slice(seen)
    seen = count
    return calls
  }
}

function runAgent(
  stack: AsyncDisposableStack,
  { name, key, url, directory }: { name: string; key: string; url: string; directory: string },
): void {
  const command = `"${process.execPath}" "${PROGRAM}" "${directory}"`
  const flags = ['--url', url, '--name', name, '--driver', 'command', '--command', command]
  const child = spawn(process.execPath, [CLI, 'agent', ...flags, '--work-dir', join(directory, name)], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH, HOME: directory, MISSION_CONTROL_AGENT_KEY: key },
  })
  const ended = once(child, 'exit')
  stack.defer(async () => {
    child.kill('SIGTERM')
    await ended
  })
}
