import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BRANCH, commit, type Stage, startStage } from '../git/harness/gateway.ts'
import { git, tryGit } from '../git/harness/git-client.ts'

let stage: Stage
beforeEach(async () => {
  stage = await startStage()
})
afterEach(() => stage.stop())

const push = (path: string, ...more: string[]) => tryGit(path, ['push', ...more, 'origin', BRANCH])

describe('fetching', () => {
  test('a clone has the branches and checks out the default one', async () => {
    await stage.clone()
    const path = join(stage.work, 'clone')
    expect(await git(path, 'rev-parse', 'origin/main')).toBe(await stage.host.head('main'))
    expect(await git(path, 'symbolic-ref', 'refs/remotes/origin/HEAD')).toBe('refs/remotes/origin/main')
  })

  test.each(['0', '1', '2'])('a clone works when the client speaks protocol v%s', async (version) => {
    const done = await tryGit(stage.work, ['-c', `protocol.version=${version}`, 'clone', stage.url, 'copy'])
    expect(done).toMatchObject({ code: 0 })
    expect(await git(join(stage.work, 'copy'), 'rev-parse', 'HEAD')).toBe(await stage.host.head('main'))
  })

  test('a shallow and partial clone holds one commit when that is asked for', async () => {
    const path = await stage.clone('shallow', '--depth=1', '--filter=blob:none')
    expect(await git(path, 'rev-list', '--count', 'HEAD')).toBe('1')
    expect(await git(path, 'show', 'HEAD:README.md')).toBe('hello')
  })

  test('a fetch brings what was pushed to GitHub meanwhile', async () => {
    const path = await stage.clone()
    const person = join(stage.work, 'person')
    await git(stage.work, 'clone', '-q', stage.host.repository(), person)
    const sha = await commit(person, 'by a person', { 'new.txt': 'x\n' })
    await git(person, 'push', '-q', 'origin', 'main')
    await git(path, 'fetch', '-q')
    expect(await git(path, 'rev-parse', 'origin/main')).toBe(sha)
  })

  test('a clone is empty and a first push is published when the repository has no commits', async () => {
    await git(stage.host.repository(), 'update-ref', '-d', 'refs/heads/main')
    const path = await stage.clone('empty')
    const sha = await commit(path, 'first of all', { 'README.md': 'hi\n' })
    expect(await push(path)).toMatchObject({ code: 0 })
    expect(await stage.host.head(BRANCH)).toBe(sha)
  })

  test('many negotiation rounds with a packed request body work when histories differ', async () => {
    const path = await stage.clone()
    for (let index = 0; index < 24; index += 1)
      await git(path, 'commit', '-q', '--allow-empty', '-m', `local ${index}`)
    const person = join(stage.work, 'person')
    await git(stage.work, 'clone', '-q', stage.host.repository(), person)
    await commit(person, 'by a person', { 'new.txt': 'x\n' })
    await git(person, 'push', '-q', 'origin', 'main')
    expect(await tryGit(path, ['fetch', 'origin'])).toMatchObject({ code: 0 })
  })
})

describe('pushing', () => {
  test('the commit is on GitHub and in the mirror, and the intent is finished', async () => {
    const path = await stage.clone()
    const sha = await commit(path, 'fix the sum, closes #12', { 'src/sum.js': 'a + b\n' })
    expect(await push(path)).toMatchObject({ code: 0 })
    expect(await stage.host.head(BRANCH)).toBe(sha)
    expect(await stage.mirrors.mirror(1).resolve(`refs/heads/${BRANCH}`)).toBe(sha)
    expect(stage.port.intents).toEqual([{ branch: BRANCH, oldSha: null, newSha: sha, commits: 1 }])
    expect(stage.port.outcomes).toEqual([{ outcome: 'published', newSha: sha }])
    expect(await readdir(join(stage.mirrors.root, '1', 'quarantine'))).toEqual([])
  })

  test('later commits follow, and a push of the same commit is up to date', async () => {
    const path = await stage.clone()
    await commit(path, 'one', { a: '1' })
    await push(path)
    const second = await commit(path, 'two', { b: '2' })
    expect(await push(path)).toMatchObject({ code: 0 })
    expect(await stage.host.head(BRANCH)).toBe(second)
    const again = await push(path)
    expect(again).toMatchObject({ code: 0, stderr: 'Everything up-to-date\n' })
    expect(stage.port.outcomes).toHaveLength(2)
  })

  test('a push from a shallow clone is published', async () => {
    const path = await stage.clone('shallow', '--depth=1')
    const sha = await commit(path, 'from the shallows', { a: '1' })
    expect(await push(path)).toMatchObject({ code: 0 })
    expect(await stage.host.head(BRANCH)).toBe(sha)
  })

  test('a branch without commits of its own is published', async () => {
    const path = await stage.clone()
    expect(await push(path)).toMatchObject({ code: 0 })
    expect(await stage.host.head(BRANCH)).toBe(await stage.host.head('main'))
  })

  test('commits that a person put on the branch stay, and the agent goes on from them', async () => {
    const path = await stage.clone()
    await commit(path, 'one', { a: '1' })
    await push(path)
    const person = join(stage.work, 'person')
    await git(stage.work, 'clone', '-q', '-b', BRANCH, stage.host.repository(), person)
    await commit(person, 'a workflow, by a person', { '.github/workflows/ci.yml': 'on: pull_request\n' })
    await git(person, 'push', '-q', 'origin', BRANCH)
    await commit(path, 'two', { b: '2' })
    expect((await push(path)).stderr).toContain('fetch first')
    await git(path, 'pull', '-q', '--rebase', 'origin', BRANCH)
    expect(await push(path)).toMatchObject({ code: 0 })
    expect(await git(stage.host.repository(), 'rev-list', '--count', `main..${BRANCH}`)).toBe('3')
  })

  test('the default branch may be merged into the branch, whatever it changed', async () => {
    const path = await stage.clone()
    await commit(path, 'one', { a: '1' })
    await push(path)
    const person = join(stage.work, 'person')
    await git(stage.work, 'clone', '-q', stage.host.repository(), person)
    await commit(person, 'workflow, fixes #99', { '.github/workflows/ci.yml': 'on: pull_request\n' })
    await git(person, 'push', '-q', 'origin', 'main')
    await git(path, 'fetch', '-q')
    await git(path, 'merge', '-q', '--no-edit', 'origin/main')
    expect(await push(path)).toMatchObject({ code: 0 })
  })

  test('another push is not lost when GitHub refuses the first', async () => {
    const path = await stage.clone()
    await commit(path, 'one', { a: '1' })
    stage.host.intercept = (req, res) => {
      if (!req.url?.endsWith('git-receive-pack')) return false
      res.writeHead(503).end()
      return true
    }
    const failed = await push(path)
    expect(failed.code).toBe(1)
    expect(failed.stderr).toContain('remote: Mission Control: GitHub did not take it')
    expect(stage.port.outcomes).toMatchObject([{ outcome: 'failed' }])
    stage.host.intercept = () => false
    expect(await push(path)).toMatchObject({ code: 0 })
  })

  test('a push counts as published when GitHub took it but its answer was lost', async () => {
    const path = await stage.clone()
    const sha = await commit(path, 'one', { a: '1' })
    await git(path, 'push', '-q', stage.host.repository(), `${sha}:refs/heads/elsewhere`)
    let lost = 0
    stage.host.intercept = (req, res) => {
      if (!req.url?.endsWith('git-receive-pack') || req.method !== 'POST') return false
      lost += 1
      void git(stage.host.repository(), 'update-ref', `refs/heads/${BRANCH}`, sha).then(() => res.destroy())
      return true
    }
    expect(await push(path)).toMatchObject({ code: 0 })
    expect(lost).toBeGreaterThan(0)
    expect(stage.port.outcomes).toEqual([{ outcome: 'published', newSha: sha }])
  })

  test('the intent stays open when nobody knows whether GitHub took the push', async () => {
    const path = await stage.clone()
    await commit(path, 'one', { a: '1' })
    stage.port.onBegin = async () => {
      stage.host.intercept = (_req, res) => {
        res.destroy()
        return true
      }
    }
    const failed = await push(path)
    expect(failed.stderr).toContain('it is not known whether it was published')
    expect(stage.port.outcomes).toMatchObject([{ outcome: 'uncertain' }])
  })
})

describe('holding for approval', () => {
  test('held commits are not on GitHub, and their own session can build on them', async () => {
    stage.port.hold = true
    const path = await stage.clone()
    const first = await commit(path, 'one', { a: '1' })
    const held = await push(path)
    expect(held).toMatchObject({ code: 0 })
    expect(held.stderr).toContain('remote: Mission Control: received; a maintainer has to approve it')
    expect(await tryGit(stage.host.repository(), ['rev-parse', `refs/heads/${BRANCH}`])).toMatchObject({
      code: 128,
    })
    expect(await git(stage.work, 'ls-remote', stage.url, BRANCH)).toContain(first)
    const second = await commit(path, 'two', { b: '2' })
    expect(await push(path)).toMatchObject({ code: 0 })
    await git(stage.work, 'clone', '-q', '-b', BRANCH, stage.url, 'again')
    expect(await git(join(stage.work, 'again'), 'rev-parse', 'HEAD')).toBe(second)
  })

  test('held commits are read from the stored bundle when the replica lost them, and published on approval', async () => {
    stage.port.hold = true
    const path = await stage.clone()
    await commit(path, 'one', { a: '1' })
    await push(path)
    const sha = await commit(path, 'two', { b: '2' })
    await push(path)
    const mirror = stage.mirrors.mirror(1)
    await mirror.held.drop(BRANCH)
    await git(stage.work, 'clone', '-q', '-b', BRANCH, stage.url, 'again')
    expect(await git(join(stage.work, 'again'), 'rev-parse', 'HEAD')).toBe(sha)
    const gitDir = mirror.held.path(BRANCH)
    const request = { remote: stage.host.remote(), branch: BRANCH, expectedOld: null, newSha: sha, gitDir }
    expect(await mirror.publish(request)).toEqual({ ok: true })
    expect(await stage.host.head(BRANCH)).toBe(sha)
  })

  test('held commits of one session cannot be fetched by another, not even by their id', async () => {
    stage.port.hold = true
    const path = await stage.clone()
    const sha = await commit(path, 'one', { a: '1' })
    await push(path)
    stage.port.session = { ...stage.port.session, branch: 'agent/other-13', publishedSha: null, held: false }
    expect(await git(stage.work, 'ls-remote', stage.url)).not.toContain(sha)
    const stolen = await tryGit(join(stage.work), ['fetch-pack', stage.url, sha])
    expect(stolen.code).not.toBe(0)
    await git(stage.work, 'clone', '-q', stage.url, 'thief')
    expect((await tryGit(join(stage.work, 'thief'), ['fetch', 'origin', sha])).stderr).toContain(
      'not our ref',
    )
  })

  test('everything appears on GitHub when a later push needs no approval any more', async () => {
    stage.port.hold = true
    const path = await stage.clone()
    await commit(path, 'one', { a: '1' })
    await push(path)
    stage.port.hold = false
    const sha = await commit(path, 'two', { b: '2' })
    expect(await push(path)).toMatchObject({ code: 0 })
    expect(await stage.host.head(BRANCH)).toBe(sha)
    expect(await stage.mirrors.mirror(1).resolve(`refs/heads/${BRANCH}`)).toBe(sha)
    expect(await stage.mirrors.mirror(1).held.find(BRANCH)).toBeNull()
  })
})
