import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { createGitGateway } from '../../../src/api/git-gateway/gateway.ts'
import type {
  GatewayLimits,
  GatewayLogger,
  GatewaySession,
  GitGatewayPort,
  PublishIntent,
  PublishOutcome,
  PushRefusalRecord,
} from '../../../src/api/git-gateway/port.ts'
import { type Mirrors, openMirrors } from '../../../src/git/mirror.ts'
import { git, temporaryDirectory } from './git-client.ts'
import { closeServer, type GitHost, startGitHost } from './git-host.ts'

export const TOKEN = 'mcs_7_session-token-of-the-test'
export const BRANCH = 'agent/fixer-fix-the-sum-12'

/** A port that keeps everything in memory, as the orchestrator would in Postgres. */
export interface MemoryPort extends GitGatewayPort {
  session: GatewaySession
  live: boolean
  hold: boolean
  denyBegin: string | null
  intents: PublishIntent[]
  outcomes: PublishOutcome[]
  refusals: PushRefusalRecord[]
  /** Runs at the start of `beginPublish`. */
  onBegin: () => Promise<void>
}

export interface Stage {
  host: GitHost
  mirrors: Mirrors
  port: MemoryPort
  /** Address of the repository with the session's token in it. */
  url: string
  base: string
  logs: { level: string; fields: object; message: string }[]
  /** A directory for working copies. */
  work: string
  clone(name?: string, ...options: string[]): Promise<string>
  stop(): Promise<void>
}

/** A GitHub with one repository, and a gateway in front of it with one live session. */
export async function startStage(limits: Partial<GatewayLimits> = {}): Promise<Stage> {
  const host = await startGitHost(SEED)
  const directory = await temporaryDirectory()
  const work = join(directory.path, 'work')
  await mkdir(work)
  const mirrors = await openMirrors({ root: join(directory.path, 'mirrors') })
  const port = memoryPort(host, () => mirrors)
  const logs: Stage['logs'] = []
  const log = (level: string) => (fields: object, message: string) => {
    logs.push({ level, fields, message })
  }
  const logger: GatewayLogger = { info: log('info'), warn: log('warn'), error: log('error') }
  const gateway = createGitGateway({ port, mirrors, logger, limits })
  const server = createServer({ requestTimeout: 0 }, (req, res) => {
    gateway(req, res).then((handled) => handled || res.writeHead(418).end())
  })
  server.on('checkContinue', (req, res) => gateway(req, res, true))
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `${base.replace('//', `//session:${TOKEN}@`)}/git/acme/app.git`
  return {
    host,
    mirrors,
    port,
    url,
    base,
    logs,
    work,
    clone: async (name = 'clone', ...options) => {
      await git(work, 'clone', '-q', ...options, url, name)
      const path = join(work, name)
      await git(path, 'checkout', '-q', '-B', BRANCH)
      return path
    },
    stop: async () => {
      await closeServer(server)
      await host.stop()
      await directory.remove()
    },
  }
}

/** Two commits on main, as git fast-import reads them. */
export const SEED = `commit refs/heads/main
committer Person <person@example.com> 1767225600 +0000
data 12
first commit
M 100644 inline README.md
data 6
hello

M 100644 inline src/sum.js
data 6
a - b

M 100644 inline .github/workflows/ci.yml
data 9
on: push

commit refs/heads/main
committer Person <person@example.com> 1767225601 +0000
data 13
second commit
M 100644 inline src/other.js
data 2
1

`

/** Writes files and commits them; answers the commit. */
export async function commit(
  path: string,
  message: string,
  files: Record<string, string | Buffer>,
): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), content)
  }
  await git(path, 'add', '-A')
  await git(path, 'commit', '-q', '--allow-empty', '-m', message)
  return git(path, 'rev-parse', 'HEAD')
}

function memoryPort(host: GitHost, mirrors: () => Mirrors): MemoryPort {
  const policy = { allow: ['**'], protect: ['.github/**', '**/*.pem'], maxBytes: 50_000_000, maxFiles: 100 }
  const port: MemoryPort = {
    session: {
      sessionId: 7,
      taskId: 3,
      projectId: 1,
      issueNumber: 12,
      branch: BRANCH,
      defaultBranch: 'main',
      publishedSha: null,
      held: false,
      stopping: false,
      policy,
    },
    live: true,
    hold: false,
    denyBegin: null,
    intents: [],
    outcomes: [],
    refusals: [],
    onBegin: async () => undefined,
    authorize: async (token, owner, repo) => {
      const known = token === TOKEN && `${owner}/${repo}` === 'acme/app'
      return known && port.live ? { ...port.session } : null
    },
    beginPublish: async (_session, push) => {
      await port.onBegin()
      if (port.denyBegin !== null) return { ok: false, sentence: port.denyBegin }
      const intentId = port.intents.push(push)
      const until = new Date(Date.now() + 90_000)
      return port.hold
        ? { ok: true, hold: true, intentId }
        : { ok: true, intentId, remote: host.remote(), until }
    },
    finishPublish: async (_intentId, result) => {
      port.outcomes.push(result)
      if (result.outcome !== 'published' && result.outcome !== 'held') return
      port.session = { ...port.session, publishedSha: result.newSha ?? null, held: result.outcome === 'held' }
    },
    recordRefusal: async (_session, refusal) => {
      port.refusals.push(refusal)
    },
    refresh: (session) => mirrors().mirror(session.projectId).fetch(host.remote()),
    heldBundle: async () => {
      const bundle = port.outcomes.findLast(({ outcome }) => outcome === 'held')?.bundle
      if (bundle === undefined) throw new Error('no bundle is stored')
      return bundle
    },
  }
  return port
}
