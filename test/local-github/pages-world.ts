import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openIssue } from '../../src/local-github/actions/issues.ts'
import { createLabel } from '../../src/local-github/actions/labels.ts'
import type { Outcome } from '../../src/local-github/actions/outcome.ts'
import { openPull } from '../../src/local-github/actions/pulls.ts'
import { createRepository } from '../../src/local-github/actions/repositories.ts'
import type { Actor } from '../../src/local-github/auth/actor.ts'
import type { LocalGitHubContext } from '../../src/local-github/context.ts'
import { openGitHost } from '../../src/local-github/git/host.ts'
import { createPages } from '../../src/local-github/pages/index.ts'
import { type Issue, isPull, type PullIssue } from '../../src/local-github/store/issue.ts'
import type { Repository } from '../../src/local-github/store/repository.ts'
import { createStore } from '../../src/local-github/store/store.ts'
import type { User } from '../../src/local-github/store/user.ts'
import type { EmittedEvent } from '../../src/local-github/webhooks/emitter.ts'

/** A local GitHub with pages only: a maintainer, an outsider, one repository, and what it would have sent. */
export interface PagesWorld {
  url: string
  context: LocalGitHubContext
  repository: Repository
  maintainer: User
  outsider: User
  events: EmittedEvent[]
  as(user: User): Actor
  issue(title: string, body?: string): Promise<Issue>
  /** A pull request from a new branch that changes these files. */
  pull(branch: string, files: Record<string, string | null>, body?: string): Promise<PullIssue>
  close(): Promise<void>
}

export async function startPagesWorld(
  files: Record<string, string> = { 'README.md': '# Hi\n' },
): Promise<PagesWorld> {
  const directory = await mkdtemp(path.join(tmpdir(), 'pages-'))
  const { context, events } = emptyContext(directory)
  const { users } = context.store
  const maintainer = users.create('maintainer', 'User', context.now())
  const outsider = users.create('outsider', 'User', context.now())
  const as = (user: User): Actor => ({ kind: 'user', user })
  const repository = value(
    await createRepository(context, { owner: maintainer, name: 'greeter', description: 'Says hello', files }),
  )
  for (const [name, color] of [
    ['process', '5319e7'],
    ['bug', 'd73a4a'],
    ['needs-human', 'fbca04'],
  ] as const) {
    value(createLabel(context, as(maintainer), repository, { name, color }))
  }
  const server = await serve(context)
  return {
    url: context.addresses.url,
    context,
    repository,
    maintainer,
    outsider,
    events,
    as,
    issue: async (title, body) =>
      value(await openIssue(context, as(maintainer), repository, { title, body: body ?? null })),
    async pull(branch, changed, body) {
      const author = { name: 'Agent', email: 'agent@example.test' }
      const change = { files: changed, message: `Work on ${branch}`, author }
      await context.git.commitFiles('maintainer/greeter', branch, change)
      const input = { title: `Pull of ${branch}`, body: body ?? null, head: branch, base: 'main' }
      const issue = value(await openPull(context, as(maintainer), repository, input))
      if (!isPull(issue)) throw new Error('not a pull request')
      return issue
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export function value<Value>(outcome: Outcome<Value>): Value {
  if (!outcome.ok) throw new Error(`${outcome.status} ${outcome.message} ${JSON.stringify(outcome.errors)}`)
  return outcome.value
}

function emptyContext(directory: string): { context: LocalGitHubContext; events: EmittedEvent[] } {
  const store = createStore()
  const events: EmittedEvent[] = []
  const bot = store.users.create('mission-control[bot]', 'Bot', new Date())
  const context: LocalGitHubContext = {
    app: {
      id: 1,
      clientId: 'Iv1.local',
      slug: 'mission-control',
      name: 'Mission Control',
      ownerId: bot.id,
      bot,
      createdAt: new Date(),
    },
    addresses: { url: 'http://127.0.0.1', apiUrl: 'http://127.0.0.1/api/v3' },
    store,
    git: openGitHost(path.join(directory, 'git')),
    webhooks: { emit: (event) => void events.push(event) },
    now: () => new Date(),
  }
  return { context, events }
}

async function serve(context: LocalGitHubContext) {
  const pages = createPages(context)
  const server = createServer((req, res) => {
    pages(req, res).then(
      (answered) => answered || res.writeHead(418).end('no page'),
      (error: unknown) => res.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  if (typeof bound !== 'object' || bound === null) throw new Error('no port')
  context.addresses.url = `http://127.0.0.1:${bound.port}`
  return server
}
