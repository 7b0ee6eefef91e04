import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BRANCH, commit, type Stage, startStage, TOKEN } from '../git/harness/gateway.ts'
import { git, tryGit } from '../git/harness/git-client.ts'

let stage: Stage
let path: string
let fresh: Pick<Stage['port'], 'session' | 'authorize'>
beforeAll(async () => {
  stage = await startStage()
  fresh = { session: structuredClone(stage.port.session), authorize: stage.port.authorize }
  path = await stage.clone()
})
afterAll(() => stage.stop())
beforeEach(async () => {
  await git(stage.host.repository(), 'update-ref', '-d', `refs/heads/${BRANCH}`)
  await git(path, 'checkout', '-q', '-f', '-B', BRANCH, 'origin/main')
  await git(path, 'clean', '-q', '-f', '-d')
  await rm(join(stage.host.repository(), 'hooks'), { recursive: true, force: true })
  Object.assign(stage.port, {
    ...fresh,
    session: structuredClone(fresh.session),
    live: true,
    denyBegin: null,
  })
  for (const list of [stage.port.intents, stage.port.outcomes, stage.port.refusals, stage.logs])
    list.length = 0
})
afterEach(async () => {
  // Whatever was refused, nothing of it is on GitHub.
  const heads = await git(stage.host.repository(), 'for-each-ref', '--format=%(refname)', 'refs/heads')
  const others = heads.split('\n').filter((ref) => ref !== `refs/heads/${BRANCH}`)
  expect(others).toEqual(['refs/heads/main'])
})

const push = (...args: string[]) => tryGit(path, ['push', 'origin', ...(args.length === 0 ? [BRANCH] : args)])
const setPolicy = (policy: Partial<Stage['port']['session']['policy']>) => {
  stage.port.session.policy = { ...stage.port.session.policy, ...policy }
}

async function expectRefused(
  pushed: { code: number | null; stderr: string },
  reason: string,
  sentence: string,
) {
  expect(pushed.stderr).toContain(`remote: Mission Control: ${sentence}`)
  expect(pushed.stderr).toContain(`(${reason})`)
  expect(pushed.stderr).toContain('! [remote rejected]')
  expect(pushed.code).toBe(1)
  expect(stage.port.outcomes).toEqual([])
}

describe('a push is refused, and git prints why, when it', () => {
  test('goes to the default branch', async () => {
    const before = await stage.host.head('main')
    await commit(path, 'one', { a: '1' })
    const pushed = await push(`${BRANCH}:main`)
    await expectRefused(pushed, 'other branch', `this session may push to ${BRANCH} only, not to main`)
    expect(await stage.host.head('main')).toBe(before)
    expect(stage.port.refusals).toMatchObject([{ code: 'other_branch' }])
  })

  test("goes to another agent's branch or to a tag", async () => {
    await commit(path, 'one', { a: '1' })
    await expectRefused(await push(`${BRANCH}:agent/other-9`), 'other branch', 'this session may push')
    await expectRefused(await push(`${BRANCH}:refs/tags/v1`), 'other branch', 'this session may push')
  })

  test('moves several branches, its own among them', async () => {
    await commit(path, 'one', { a: '1' })
    const pushed = await push(BRANCH, `${BRANCH}:agent/other-9`)
    await expectRefused(pushed, 'other branch', 'this session may push')
    expect(stage.port.intents).toEqual([])
  })

  test('deletes its branch', async () => {
    await commit(path, 'one', { a: '1' })
    await push()
    stage.port.outcomes = []
    await expectRefused(await push('--delete', BRANCH), 'deletes branch', `${BRANCH} may not be deleted`)
  })

  test('rewrites what was published', async () => {
    await commit(path, 'one', { a: '1' })
    await push()
    stage.port.outcomes = []
    await git(path, 'commit', '-q', '--amend', '-m', 'other')
    const pushed = await push('--force', BRANCH)
    await expectRefused(pushed, 'not fast forward', 'the push would rewrite published commits')
  })

  test('comes after the lease ended during the upload', async () => {
    await commit(path, 'one', { a: '1' })
    const authorize = stage.port.authorize
    let asked = 0
    stage.port.authorize = async (...args) => (++asked > 2 ? null : authorize(...args))
    await expectRefused(await push(), 'session ended', 'this session has ended')
  })

  test('comes after the lease ended between the two requests of a push', async () => {
    await commit(path, 'one', { a: randomBytes(2_000_000) })
    const authorize = stage.port.authorize
    let asked = 0
    stage.port.authorize = async (...args) => (++asked > 1 ? null : authorize(...args))
    await expectRefused(await push(), 'session ended', 'this session has ended')
  })

  test('loses its lease just before it is published', async () => {
    await commit(path, 'one', { a: '1' })
    stage.port.denyBegin = 'this session is no longer the one that works on #12'
    await expectRefused(await push(), 'not allowed', 'this session is no longer the one that works on #12')
  })

  test('changes a workflow file', async () => {
    setPolicy({ protect: [] })
    await commit(path, 'one', { '.github/workflows/ci.yml': 'on: pull_request_target\n' })
    await expectRefused(await push(), 'workflow file', '.github/workflows/ci.yml is a workflow file')
    expect(stage.port.refusals).toMatchObject([{ code: 'workflow_file', needsHuman: true }])
  })

  test('deletes a workflow file', async () => {
    await git(path, 'rm', '-q', '.github/workflows/ci.yml')
    await commit(path, 'gone', {})
    await expectRefused(await push(), 'workflow file', '.github/workflows/ci.yml is a workflow file')
  })

  test('smuggles a workflow change into a merge commit', async () => {
    await commit(path, 'one', { a: '1' })
    await git(path, 'checkout', '-q', '-B', 'side', 'origin/main')
    await commit(path, 'side', { b: '1' })
    await git(path, 'checkout', '-q', BRANCH)
    await git(path, 'merge', '-q', '--no-commit', '--no-ff', 'side')
    await commit(path, 'evil merge', { '.github/workflows/ci.yml': 'on: evil\n' })
    await expectRefused(await push(), 'workflow file', '.github/workflows/ci.yml is a workflow file')
  })

  test('puts an older workflow back by a merge that keeps our side', async () => {
    const person = join(stage.work, 'person')
    await git(stage.work, 'clone', '-q', stage.host.repository(), person)
    await commit(person, 'safer workflow', { '.github/workflows/ci.yml': 'on: safe\n' })
    await git(person, 'push', '-q', 'origin', 'main')
    await commit(path, 'one', { a: '1' })
    await git(path, 'fetch', '-q')
    await git(path, 'merge', '-q', '--no-edit', '-s', 'ours', 'origin/main')
    await expectRefused(await push(), 'workflow file', '.github/workflows/ci.yml is a workflow file')
  })

  test('touches what the project protects or does not allow', async () => {
    await commit(path, 'one', { 'deep/down/key.pem': 'x' })
    await expectRefused(await push(), 'protected path', 'deep/down/key.pem is protected by the project')
    await git(path, 'reset', '-q', '--hard', 'HEAD~')
    setPolicy({ allow: ['docs/**'] })
    await commit(path, 'two', { 'src/x.js': 'x' })
    await expectRefused(await push(), 'path not allowed', 'src/x.js is outside what the project allows')
  })

  test('puts a link in the place of a protected directory', async () => {
    setPolicy({ protect: ['secrets/prod/**'] })
    await symlink('../elsewhere', join(path, 'secrets'))
    await commit(path, 'one', {})
    await expectRefused(await push(), 'protected path', 'a link in the place of a protected directory')
  })

  test('contains a secret, also one that a later commit removed', async () => {
    const secret = `ghp_${'a1B2'.repeat(9)}`
    await commit(path, 'one', { 'src/config.js': `const a = 1\n\nconst key = "${secret}"\n` })
    await commit(path, 'clean', { 'src/config.js': 'const a = 1\n' })
    const pushed = await push()
    await expectRefused(pushed, 'secret', 'src/config.js:3 looks like a secret (GitHub token)')
    expect(pushed.stderr).not.toContain(secret)
    expect(JSON.stringify([stage.port.refusals, stage.logs])).not.toContain(secret)
    expect(stage.port.refusals).toMatchObject([
      { code: 'secret', needsHuman: true, paths: ['src/config.js'] },
    ])
  })

  test.each([
    [
      'a file that looks binary',
      Buffer.concat([Buffer.alloc(50), Buffer.from(`\nghp_${'a1B2'.repeat(9)}\n`)]),
    ],
    [
      'one line of a megabyte',
      Buffer.from(`${'x '.repeat(500_000)}ghp_${'a1B2'.repeat(9)} ${'y '.repeat(9000)}`),
    ],
  ])('hides a secret in %s', async (_, content) => {
    await commit(path, 'one', { 'blob.bin': content, '.gitattributes': '*.bin -diff\n' })
    expect((await push()).stderr).toMatch(/blob\.bin:\d+ looks like a secret \(GitHub token\)/)
  })

  test('adds a secret in a merge commit', async () => {
    await commit(path, 'one', { a: '1\n' })
    await git(path, 'checkout', '-q', '-B', 'side', 'origin/main')
    await commit(path, 'side', { a: '2\n' })
    await git(path, 'checkout', '-q', BRANCH)
    await tryGit(path, ['merge', '-q', 'side'])
    await commit(path, 'merge', { a: `1\n2\nghp_${'a1B2'.repeat(9)}\n` })
    await expectRefused(await push(), 'secret', 'a:3 looks like a secret')
  })

  test('contains a secret in a commit message', async () => {
    await commit(path, `use ghp_${'a1B2'.repeat(9)}`, { a: '1' })
    expect((await push()).stderr).toMatch(/message of commit [0-9a-f]{10}:1 looks like a secret/)
  })

  test('closes another issue by a commit message', async () => {
    await commit(path, 'good\n\nFixes #99', { a: '1' })
    await expectRefused(await push(), 'closes other issue', 'a commit message says "Fixes #99"')
  })

  test('changes too many files or is too large', async () => {
    setPolicy({ maxFiles: 2 })
    await commit(path, 'one', { a: '1', b: '2', c: '3' })
    await expectRefused(await push(), 'too many files', 'the branch changes 3 files; the project allows 2')
    setPolicy({ maxFiles: 100, maxBytes: 100_000 })
    await commit(path, 'two', { d: randomBytes(3_000_000) })
    await expectRefused(await push(), 'too large', 'the push is larger than 0.1 MB')
  })

  test('unpacks to more than it seems', async () => {
    setPolicy({ maxBytes: 1_000_000 })
    const zeros = Buffer.alloc(6_000_000)
    await commit(path, 'two', { one: zeros, two: Buffer.concat([zeros, Buffer.from('x')]) })
    await expectRefused(await push(), 'too large', 'the push is too large: it unpacks to more than 10 MB')
    await commit(path, 'three', { one: Buffer.alloc(101 * 1024 * 1024) })
    await expectRefused(
      await push(),
      'too large',
      'the push is too large: a file in it is larger than 100 MB',
    )
  })

  test('holds objects that no repository should hold', async () => {
    const blob = await git(path, 'rev-parse', 'HEAD:README.md')
    const tree = await make('mktree', `100644 blob ${blob}\t.git\n`)
    const sha = await git(path, 'commit-tree', '-p', 'HEAD', '-m', 'bad', tree)
    const pushed = await push(`${sha}:refs/heads/${BRANCH}`)
    await expectRefused(pushed, 'malformed', 'the pushed objects cannot be accepted')
  })

  test('is refused by GitHub itself', async () => {
    await stage.host.refusePushes(
      'refusing to allow a GitHub App to create or update workflow without workflows permission',
    )
    await commit(path, 'one', { a: '1' })
    const pushed = await push()
    expect(pushed.stderr).toContain('merge main into your branch and push again')
    expect(stage.port.outcomes).toMatchObject([
      { outcome: 'failed', message: expect.stringContaining('workflow') },
    ])
  })

  async function make(command: string, input: string): Promise<string> {
    return execFileSync('git', [command], { cwd: path, input }).toString().trim()
  }
})

describe('nothing is served when', () => {
  const get = (target: string, headers: Record<string, string> = {}) =>
    fetch(`${stage.base}${target}`, { headers })
  const basic = (token: string) => ({
    authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}`,
  })

  test('the token is missing, wrong, or its session has ended: git says why', async () => {
    const refs = '/git/acme/app.git/info/refs?service=git-upload-pack'
    expect((await get(refs)).status).toBe(401)
    expect((await get(refs, basic('mcs_1_wrong'))).status).toBe(403)
    expect((await get(refs, { authorization: `Bearer ${TOKEN}` })).status).toBe(200)
    stage.port.live = false
    const pushed = await push()
    expect(pushed.stderr).toContain(
      'remote: Mission Control: this session token is unknown, or its session has ended.',
    )
    expect(pushed.code).not.toBe(0)
  })

  test('the repository is another one', async () => {
    const other = stage.url.replace('acme/app', 'acme/other')
    expect((await tryGit(stage.work, ['ls-remote', other])).code).not.toBe(0)
  })

  test.each([
    '/git/acme/app.git/HEAD',
    '/git/acme/app.git/objects/info/packs',
    '/git/acme/app.git/info/refs',
    '/git/acme/app.git/info/refs?service=git-upload-archive',
    '/git/acme/app.git/git-upload-pack',
    '/git/acme/team/app.git/info/refs?service=git-upload-pack',
    '/git/',
  ])('the address is %s', async (target) => {
    expect((await get(target, basic(TOKEN))).status).toBe(404)
  })

  test('the path belongs to somebody else', async () => {
    expect((await get('/gitter')).status).toBe(418)
  })
})
