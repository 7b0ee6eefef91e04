import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type GitHost, openGitHost } from '../../src/local-github/git/host.ts'
import {
  type GitAuthorizationRequest,
  type GitRequestRecord,
  type GitVerdict,
  gitHttpHandler,
  type PushEvent,
} from '../../src/local-github/git/http.ts'
import { DEFAULT_SEARCH_PATH, gitEnvironment } from '../../src/local-github/git/run.ts'

const ada = { name: 'Ada', email: 'ada@example.test' }
let directory = ''
let host: GitHost
let server: Server
let address = ''
let counter = 0
let pushes: PushEvent[] = []
let records: GitRequestRecord[] = []
let asked: GitAuthorizationRequest[] = []
let failures: unknown[] = []
const protectedBranches: string[] = []

/** Tokens: `app` writes all but workflows, `owner` writes all, `reader` reads; without one, reading only. */
async function authorize(request: GitAuthorizationRequest): Promise<GitVerdict> {
  asked.push(request)
  if (request.fullName === 'acme/old') return { status: 301, location: '/acme/new.git' }
  if (request.fullName === 'acme/secret') return { status: 404 }
  if (request.token === 'wrong' || (request.fullName === 'acme/private' && !request.token))
    return { status: 401 }
  if (request.write && request.token === null) return { status: 401 }
  if (request.write && request.token === 'reader')
    return { status: 403, message: `Permission to ${request.fullName} denied.` }
  const mayWriteWorkflows = request.token === 'owner'
  return {
    status: 200,
    actor: request.token ?? 'anonymous',
    mayWriteWorkflows,
    fullName: request.fullName,
    protectedBranches,
  }
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'git-http-'))
  const bin = path.join(directory, 'bin')
  await mkdir(bin)
  const script = `#!/bin/sh\necho $$ >>'${directory}/started'\nPATH='${DEFAULT_SEARCH_PATH}' exec git "$@"\n`
  await writeFile(path.join(bin, 'git'), script, { mode: 0o755 })
  host = openGitHost(path.join(directory, 'host'), { searchPath: `${bin}:${DEFAULT_SEARCH_PATH}` })
  const handle = gitHttpHandler({
    host,
    authorize,
    onPush: (event) => pushes.push(event),
    onRequest: (record) => records.push(record),
    onError: (error) => failures.push(error),
  })
  server = createServer((req, res) => {
    if (!handle(req, res)) res.writeHead(418).end('not git')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  address = `127.0.0.1:${typeof bound === 'object' && bound ? bound.port : 0}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(directory, { recursive: true, force: true })
})
beforeEach(() => {
  pushes = []
  records = []
  asked = []
  failures = []
  protectedBranches.length = 0
})

interface Ran {
  code: number
  output: string
}

function git(cwd: string, ...args: string[]): Promise<Ran> {
  const env = {
    ...gitEnvironment(DEFAULT_SEARCH_PATH),
    GIT_AUTHOR_NAME: 'T',
    GIT_AUTHOR_EMAIL: 't@example.test',
    GIT_COMMITTER_NAME: 'T',
    GIT_COMMITTER_EMAIL: 't@example.test',
  }
  return new Promise((resolve) => {
    execFile('git', args, { cwd, env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, output: stdout + stderr })
    })
  })
}

async function seeded(files: Record<string, string> = { 'README.md': '# Hi\n' }): Promise<string> {
  counter += 1
  const name = `acme/h${counter}`
  await host.create(name, { files, message: 'First', author: ada })
  return name
}

const url = (name: string, token?: string) =>
  `http://${token ? `x-access-token:${token}@` : ''}${address}/${name}.git`

/** A fresh clone with the given files committed on a branch. */
async function workspace(
  name: string,
  token: string,
  branch: string,
  files: Record<string, string>,
): Promise<string> {
  const work = await mkdtemp(path.join(directory, 'work-'))
  const cloned = await git(directory, 'clone', '-q', url(name, token), work)
  expect(cloned).toMatchObject({ code: 0 })
  await git(work, 'checkout', '-q', '-B', branch)
  await commit(work, files)
  return work
}

async function commit(work: string, files: Record<string, string>): Promise<string> {
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.join(work, path.dirname(file)), { recursive: true })
    await writeFile(path.join(work, file), content)
  }
  await git(work, 'add', '-A')
  await git(work, 'commit', '-q', '--allow-empty', '-m', 'Change')
  return (await git(work, 'rev-parse', 'HEAD')).output.trim()
}

/** Turns the event loop until the condition holds; the test's own time limit ends a wait in vain. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}

describe('clone and push', () => {
  test('a push arrives, is announced once with what moved, and before the client goes on', async () => {
    const name = await seeded()
    const before = await host.branch(name, 'main')
    const work = await workspace(name, 'app', 'main', { a: '1' })
    const first = await commit(work, { b: '2' })
    expect(await git(work, 'push', 'origin', 'main', 'main:topic')).toMatchObject({ code: 0 })
    expect(pushes).toEqual([
      {
        fullName: name,
        actor: 'app',
        updates: [
          { ref: 'refs/heads/main', before, after: first },
          { ref: 'refs/heads/topic', before: '0'.repeat(40), after: first },
        ],
      },
    ])
    expect(await git(work, 'push', 'origin', 'main')).toMatchObject({ code: 0 })
    expect(await git(work, 'push', 'origin', ':topic')).toMatchObject({ code: 0 })
    expect(pushes).toHaveLength(2)
    expect(pushes[1]?.updates).toEqual([{ ref: 'refs/heads/topic', before: first, after: '0'.repeat(40) }])
    expect(await readdir(path.join(host.root, '.pushes'))).toEqual([])
  })

  test.each(['0', '1', '2'])('protocol version %s clones and fetches', async (version) => {
    const name = await seeded()
    const target = path.join(directory, `v${version}`)
    const cloned = await git(
      directory,
      '-c',
      `protocol.version=${version}`,
      'clone',
      '-q',
      '--depth=1',
      url(name),
      target,
    )
    expect(cloned).toMatchObject({ code: 0 })
    expect(records.map((record) => record.status)).not.toContain(500)
    expect(records[0]).toMatchObject({
      fullName: name,
      service: 'upload-pack',
      actor: 'anonymous',
      status: 200,
    })
  })

  test('an empty repository clones and takes its first push', async () => {
    await host.create('acme/fresh')
    const work = await workspace('acme/fresh', 'app', 'main', { a: '1' })
    expect(await git(work, 'push', '-q', 'origin', 'main')).toMatchObject({ code: 0 })
    expect(pushes[0]?.updates).toMatchObject([{ ref: 'refs/heads/main', before: '0'.repeat(40) }])
  })

  test('a large push and a large fetch with compressed and chunked bodies go through', async () => {
    const name = await seeded()
    const big = Array.from({ length: 60_000 }, (_, n) => Math.sin(n).toString(36)).join('\n')
    const work = await workspace(name, 'app', 'main', { big })
    const refs = Array.from({ length: 40 }, (_, n) => `main:refs/heads/b${n}`)
    const pushed = await git(work, '-c', 'http.postBuffer=65536', 'push', '-q', 'origin', 'main', ...refs)
    expect(pushed).toMatchObject({ code: 0 })
    expect(pushes[0]?.updates).toHaveLength(41)
    const fetched = await git(directory, 'clone', '-q', url(name), path.join(directory, 'big'))
    expect(fetched).toMatchObject({ code: 0 })
  })

  test('of two pushes to one ref one wins, and only that one is announced', async () => {
    const name = await seeded()
    const works = await Promise.all([
      workspace(name, 'app', 'main', { one: '1' }),
      workspace(name, 'app', 'main', { two: '2' }),
    ])
    const results = await Promise.all(works.map((work) => git(work, 'push', 'origin', 'main')))
    const won = results.filter((result) => result.code === 0)
    expect(won).toHaveLength(1)
    expect(pushes).toHaveLength(1)
    expect(pushes[0]?.updates[0]?.after).toBe(await host.branch(name, 'main'))
  })

  test('pushes to different refs at once are each announced with their own', async () => {
    const name = await seeded()
    const works = await Promise.all(
      ['x', 'y', 'z'].map((branch) => workspace(name, 'app', branch, { [branch]: '1' })),
    )
    await Promise.all(works.map((work) => git(work, 'push', '-q', 'origin', 'HEAD')))
    expect(pushes.map((push) => push.updates.map((update) => update.ref).join()).sort()).toEqual([
      'refs/heads/x',
      'refs/heads/y',
      'refs/heads/z',
    ])
  })

  test('pull refs can be fetched and not pushed', async () => {
    const name = await seeded()
    const sha = (await host.branch(name, 'main')) ?? ''
    await host.setRef(name, 'refs/pull/1/head', sha)
    await host.setRef(name, 'refs/internal/x', sha)
    const listed = await git(directory, 'ls-remote', url(name))
    expect(listed.output).toContain('refs/pull/1/head')
    expect(listed.output).not.toContain('refs/internal')
    const work = await workspace(name, 'owner', 'main', { a: '1' })
    const pushed = await git(work, 'push', 'origin', 'main:refs/pull/1/head')
    expect(pushed.output).toContain('deny updating a hidden ref')
    expect(pushes).toEqual([])
  })
})

describe('refused pushes', () => {
  test.each([
    ['a new workflow', { '.github/workflows/x.yml': 'on: push\n' }, '.github/workflows/x.yml'],
    ['a changed workflow', { '.github/workflows/ci.yml': 'changed\n' }, '.github/workflows/ci.yml'],
  ])('%s is refused with GitHub’s reason, and nothing moves', async (_what, files, file) => {
    const name = await seeded({ '.github/workflows/ci.yml': 'on: push\n' })
    const work = await workspace(name, 'app', 'topic', { a: '1', ...files })
    const pushed = await git(work, 'push', 'origin', 'topic')
    expect(pushed.code).toBe(1)
    expect(pushed.output).toContain(
      `! [remote rejected] topic -> topic (refusing to allow a GitHub App to create or update workflow \`${file}\` without \`workflows\` permission)`,
    )
    expect(await host.branch(name, 'topic')).toBeNull()
    expect(pushes).toEqual([])
    expect(await git(work, 'push', '-q', url(name, 'owner'), 'topic')).toMatchObject({ code: 0 })
  })

  test('a new branch from a base older than a change of CI is refused until the base is merged', async () => {
    const name = await seeded({ '.github/workflows/ci.yml': 'old\n' })
    const work = await workspace(name, 'app', 'topic', { a: '1' })
    const files = { '.github/workflows/ci.yml': 'new\n' }
    await host.commitFiles(name, 'main', { files, message: 'CI', author: ada })
    const stale = await git(work, 'push', 'origin', 'topic')
    expect(stale.output).toContain('without `workflows` permission')
    await git(work, 'pull', '-q', '--no-rebase', '--no-edit', 'origin', 'main')
    expect(await git(work, 'push', '-q', 'origin', 'topic')).toMatchObject({ code: 0 })
  })

  test('a pushed branch goes on after CI changed, and may take the change over by a merge', async () => {
    const name = await seeded({ '.github/workflows/ci.yml': 'old\n' })
    const work = await workspace(name, 'app', 'topic', { a: '1' })
    expect(await git(work, 'push', '-q', 'origin', 'topic')).toMatchObject({ code: 0 })
    const files = { '.github/workflows/ci.yml': 'new\n', '.github/workflows/more.yml': 'x\n' }
    await host.commitFiles(name, 'main', { files, message: 'CI', author: ada })
    await commit(work, { b: '2' })
    expect(await git(work, 'push', '-q', 'origin', 'topic')).toMatchObject({ code: 0 })
    await git(work, 'pull', '-q', '--no-rebase', '--no-edit', 'origin', 'main')
    expect(await git(work, 'push', '-q', 'origin', 'topic')).toMatchObject({ code: 0 })
    await commit(work, { '.github/workflows/more.yml': 'mine\n' })
    expect((await git(work, 'push', 'origin', 'topic')).output).toContain('`.github/workflows/more.yml`')
  })

  test('a protected branch is neither rewritten nor deleted, others are', async () => {
    protectedBranches.push('main', 'release')
    const name = await seeded()
    const work = await workspace(name, 'owner', 'main', { a: '1' })
    await git(work, 'branch', 'release')
    expect(await git(work, 'push', '-q', 'origin', 'main', 'release', 'main:free')).toMatchObject({ code: 0 })
    await git(work, 'commit', '-q', '--amend', '-m', 'Rewritten')
    const forced = await git(work, 'push', '--force', 'origin', 'main')
    expect(forced.output).toContain('GH006: Protected branch update failed for refs/heads/main.')
    expect(forced.output).toContain('(protected branch hook declined)')
    expect((await git(work, 'push', 'origin', ':release')).output).toContain('protected branch hook declined')
    expect(await git(work, 'push', '-q', '--force', 'origin', 'main:free')).toMatchObject({ code: 0 })
    expect(await git(work, 'push', '-q', 'origin', ':free')).toMatchObject({ code: 0 })
  })

  test('the default branch cannot be deleted', async () => {
    const name = await seeded()
    const work = await workspace(name, 'owner', 'topic', { a: '1' })
    expect((await git(work, 'push', 'origin', ':main')).output).toContain(
      'deletion of the current branch prohibited',
    )
  })
})

describe('who may', () => {
  test.each([
    ['401', 'acme/private', 'wrong', /Authentication failed|could not read Username/],
    ['404', 'acme/secret', 'app', /Repository not found|repository '.*' not found/],
  ])('%s reaches the client’s git', async (_status, name, token, sentence) => {
    const listed = await git(directory, 'ls-remote', url(name, token))
    expect(listed.code).toBe(128)
    expect(listed.output).toMatch(sentence)
  })

  test('a reader cannot push and is told so', async () => {
    const name = await seeded()
    const work = await workspace(name, 'reader', 'main', { a: '1' })
    const pushed = await git(work, 'push', 'origin', 'main')
    expect(pushed.output).toContain(`Permission to ${name} denied.`)
    expect(pushed.output).toContain('403')
    expect(asked.at(-1)).toMatchObject({ token: 'reader', user: 'x-access-token', write: true })
  })

  test('a renamed repository is followed to its new address', async () => {
    await host.create('acme/new', { files: { a: '1' }, message: 'First', author: ada })
    expect(await git(directory, 'ls-remote', url('acme/old'))).toMatchObject({ code: 0 })
  })

  test('an existing name in an allowed answer but no repository is a 404 of git', async () => {
    expect((await git(directory, 'ls-remote', url('acme/missing'))).output).toContain('not found')
  })
})

describe('the door', () => {
  const get = (target: string, init?: RequestInit) => fetch(`http://${address}${target}`, init)

  test.each([
    '/',
    '/acme',
    '/acme/x',
    '/acme/x.git',
    '/acme/x/HEAD',
    '/../x/info/refs',
    '/a/../info/refs',
    '/acme/x.git/objects/ab',
  ])('%s is no git path', async (target) => expect((await get(target)).status).toBe(418))

  test('a bearer token, the dumb protocol and wrong methods are told apart', async () => {
    const name = await seeded()
    const smart = `/${name}.git/info/refs?service=git-upload-pack`
    expect((await get(smart, { headers: { authorization: 'Bearer app' } })).status).toBe(200)
    expect(asked.at(-1)).toEqual({ token: 'app', user: null, fullName: name, write: false })
    expect((await get(`/${name}/info/refs`)).status).toBe(403)
    expect((await get(smart, { method: 'POST' })).status).toBe(405)
    expect((await get(`/${name}.git/git-receive-pack`)).status).toBe(405)
  })

  test.each(['at once', 'when git is at work'])(
    'a client that goes away %s leaves no process and moves nothing',
    async (when) => {
      const name = await seeded()
      const socket = connect(Number(address.split(':')[1]), '127.0.0.1')
      const type = 'application/x-git-receive-pack-request'
      const auth = Buffer.from('x:app').toString('base64')
      const before = (await startedGits()).length
      socket.write(
        `POST /${name}.git/git-receive-pack HTTP/1.1\r\nhost: x\r\nauthorization: Basic ${auth}\r\ncontent-type: ${type}\r\ncontent-length: 9999\r\n\r\n00`,
      )
      await until(async () => (when === 'at once' ? asked.length > 0 : (await startedGits()).length > before))
      socket.destroy()
      await until(async () => (await startedGits()).every((pid) => !isAlive(pid)))
      expect(pushes).toEqual([])
      expect(failures).toEqual([])
    },
  )

  test('a client that stops reading a large clone leaves no process', async () => {
    const big = Array.from({ length: 60_000 }, (_, n) => Math.sin(n).toString(36)).join('\n')
    const name = await seeded({ big })
    const sha = await host.branch(name, 'main')
    const want = `0032want ${sha}\n00000009done\n`
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1')
    socket.write(
      `POST /${name}.git/git-upload-pack HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-git-upload-pack-request\r\ncontent-length: ${want.length}\r\n\r\n${want}`,
    )
    await new Promise((resolve) => socket.once('readable', resolve))
    socket.destroy()
    await until(async () => (await startedGits()).every((pid) => !isAlive(pid)))
    expect(failures).toEqual([])
  })
})

/** The process ids of every git that the host has started. */
async function startedGits(): Promise<number[]> {
  const log = await readFile(path.join(directory, 'started'), 'utf8')
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map(Number)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
