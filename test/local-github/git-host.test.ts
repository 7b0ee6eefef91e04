import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GitHost, GitHostError, openGitHost } from '../../src/local-github/git/host.ts'
import { isFullName, isPlainRevision } from '../../src/local-github/git/names.ts'

const ada = { name: 'Ada', email: 'ada@example.test' }
const bob = { name: 'Bob <b> ', email: 'bob@example.test' }
let root = ''
let host: GitHost
let counter = 0

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'git-host-'))
  host = openGitHost(root)
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function seeded(
  files: Record<string, string> = { 'README.md': '# Hi\n', 'src/a.txt': '1\n2\n3\n' },
): Promise<string> {
  counter += 1
  const name = `acme/r${counter}`
  await host.create(name, { files, message: 'First', author: ada })
  return name
}

async function sha(name: string, branch: string): Promise<string> {
  const found = await host.branch(name, branch)
  if (found === null) throw new Error(`no branch ${branch}`)
  return found
}

const write = (name: string, branch: string, files: Record<string, string | null>, message = 'Change') =>
  host.commitFiles(name, branch, { files, message, author: bob })

describe('repositories', () => {
  test('a seeded repository has one commit, its files and its branch', async () => {
    const name = await seeded()
    const [first] = await host.log(name, 'main', 10)
    expect(first).toMatchObject({ message: 'First', parents: [], author: ada, committer: ada })
    expect(first?.author.date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(await host.branches(name)).toEqual([{ name: 'main', sha: first?.sha }])
    expect((await host.readFile(name, 'main', 'src/a.txt'))?.toString()).toBe('1\n2\n3\n')
    expect(
      (await host.listTree(name, 'main', ''))?.map((entry) => [entry.path, entry.type, entry.size]),
    ).toEqual([
      ['README.md', 'blob', 5],
      ['src', 'tree', null],
    ])
    expect((await host.listTree(name, 'main', 'src'))?.[0]?.path).toBe('src/a.txt')
  })

  test('an empty repository answers null and empty lists, and takes a first commit', async () => {
    await host.create('acme/empty')
    expect(await host.branches('acme/empty')).toEqual([])
    expect(await host.branch('acme/empty', 'main')).toBeNull()
    expect(await host.resolve('acme/empty', 'HEAD')).toBeNull()
    expect(await host.readFile('acme/empty', 'main', 'x')).toBeNull()
    expect(await host.listTree('acme/empty', 'main', '')).toBeNull()
    await expect(host.log('acme/empty', 'main', 1)).rejects.toMatchObject({ code: 'no_revision' })
    expect(await host.defaultBranch('acme/empty')).toBe('main')
    const made = await write('acme/empty', 'main', { x: 'y' })
    expect(await host.branch('acme/empty', 'main')).toBe(made)
  })

  test('a renamed repository is found under its new name only, and a name is taken once', async () => {
    const name = await seeded()
    await host.rename(name, 'other-owner/moved')
    expect(await host.branch('other-owner/moved', 'main')).not.toBeNull()
    await expect(host.branch(name, 'main')).rejects.toMatchObject({ code: 'no_repository' })
    await expect(host.create('other-owner/moved')).rejects.toMatchObject({ code: 'exists' })
    await host.remove('other-owner/moved')
    await expect(host.branches('other-owner/moved')).rejects.toBeInstanceOf(GitHostError)
  })

  test('the default branch can be another one', async () => {
    await host.create('acme/trunk', { files: { a: '1' }, message: 'First', author: ada, branch: 'trunk' })
    expect(await host.resolve('acme/trunk', 'HEAD')).toBe(await host.branch('acme/trunk', 'trunk'))
    await host.setDefaultBranch('acme/trunk', 'next')
    expect(await host.defaultBranch('acme/trunk')).toBe('next')
  })

  test.each(['../x', 'a/..', 'a/.', 'a/b/c', '.git/x', 'a/b.git', '-a/b', 'a', ''])(
    'the name %j is refused',
    (name) => expect(host.create(name)).rejects.toMatchObject({ code: 'bad_name' }),
  )

  test('no name or revision reaches outside its repository, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (isFullName(text)) expect(path.join('/r', text).split('/')).toHaveLength(4)
        if (isPlainRevision(text)) expect(text).not.toMatch(/^-|[\s:^~]|\.\.|@\{/)
      }),
    )
  })
})

describe('refs', () => {
  test('a ref moves only from the expected value', async () => {
    const name = await seeded()
    const one = await sha(name, 'main')
    const two = await write(name, 'main', { b: '2' })
    expect(await host.setRef(name, 'refs/heads/x', one, null)).toBe(true)
    expect(await host.setRef(name, 'refs/heads/x', two, null)).toBe(false)
    expect(await host.setRef(name, 'refs/heads/x', two, two)).toBe(false)
    expect(await host.setRef(name, 'refs/heads/x', two, one)).toBe(true)
    expect(await host.setRef(name, 'refs/heads/x', one)).toBe(true)
    expect(await host.setRef(name, 'refs/heads/x/y', one)).toBe(false)
    expect(await host.deleteRef(name, 'refs/heads/x')).toBe(true)
    expect(await host.deleteRef(name, 'refs/heads/x')).toBe(false)
    await expect(host.setRef(name, 'refs/heads/x', 'f'.repeat(40))).rejects.toMatchObject({
      code: 'no_revision',
    })
    await expect(host.setRef(name, 'HEAD', one)).rejects.toMatchObject({ code: 'bad_name' })
    await expect(host.setRef(name, 'refs/heads/--x..y', one)).rejects.toMatchObject({ code: 'bad_name' })
  })

  test('of two writers that race for one branch none loses its commit silently', async () => {
    const name = await seeded()
    const results = await Promise.allSettled([
      write(name, 'main', { a: '1' }),
      write(name, 'main', { b: '2' }),
    ])
    const log = await host.log(name, 'main', 10)
    for (const result of results) {
      if (result.status === 'fulfilled') expect(log.map((commit) => commit.sha)).toContain(result.value)
      else expect(result.reason).toMatchObject({ code: 'ref_moved' })
    }
    expect(log).toHaveLength(1 + results.filter((result) => result.status === 'fulfilled').length)
  })

  test('revision language is not understood', async () => {
    const name = await seeded()
    for (const revision of ['main^', 'main~1', ':/First', 'HEAD@{0}', '--all', 'main:README.md', '']) {
      expect(await host.resolve(name, revision), revision).toBeNull()
    }
    expect(await host.resolve(name, (await sha(name, 'main')).slice(0, 8))).toBe(await sha(name, 'main'))
  })
})

describe('files', () => {
  test('a commit adds, changes and deletes files with any name and content', async () => {
    const name = await seeded()
    const odd = 'dir with space/"quoted"\\ünï💥\n.txt'
    const bytes = Buffer.from([0, 255, 10, 13, 0])
    await host.commitFiles(name, 'work', {
      files: { [odd]: bytes, 'README.md': null, 'src/a.txt': 'new' },
      message: 'Line 1\n\n"data 3\nbody',
      author: bob,
    })
    expect(await host.readFile(name, 'work', odd)).toEqual(bytes)
    expect(await host.readFile(name, 'work', 'README.md')).toBeNull()
    expect((await host.readFile(name, 'main', 'README.md'))?.toString()).toBe('# Hi\n')
    const commit = await host.commit(name, 'work')
    expect(commit).toMatchObject({
      message: 'Line 1\n\n"data 3\nbody',
      author: { name: 'Bob b', email: bob.email },
    })
    expect(commit?.files.map((file) => [file.status, file.path])).toEqual([
      ['removed', 'README.md'],
      ['added', odd],
      ['modified', 'src/a.txt'],
    ])
  })

  test.each(['/abs', 'a/../b', '.git/config', 'a//b', '', 'x/.GIT/y'])(
    'the path %j is refused',
    async (file) => {
      const name = await seeded()
      await expect(write(name, 'main', { [file]: 'x' })).rejects.toMatchObject({ code: 'bad_path' })
      expect(await host.readFile(name, 'main', file)).toBeNull()
    },
  )
})

describe('compare', () => {
  test('renamed, binary, removed and grown files are told apart', async () => {
    const long = Array.from({ length: 30 }, (_, n) => `line ${n}`).join('\n')
    const name = await seeded({ old: long, gone: 'x\n', text: 'a\nb\n', 'sp ace': '1\n' })
    await host.commitFiles(name, 'topic', {
      files: {
        old: null,
        'new/name': `${long}\nmore`,
        gone: null,
        text: 'a\nB\nc\n',
        bin: Buffer.from([0, 1, 2]),
        'sp ace': '2\n',
        empty: '',
      },
      message: 'Topic',
      author: bob,
    })
    await write(name, 'main', { other: 'o' })
    const result = await host.compare(name, 'main', 'topic')
    expect(result).toMatchObject({ ahead: 1, behind: 1, commits: [{ message: 'Topic' }] })
    expect(result.mergeBase).toMatch(/^[0-9a-f]{40}$/)
    const files = new Map(result.files.map((file) => [file.path, file]))
    expect(files.get('new/name')).toMatchObject({
      status: 'renamed',
      previousPath: 'old',
      additions: 2,
      deletions: 1,
    })
    expect(files.get('bin')).toMatchObject({ status: 'added', binary: true, patch: null, additions: 0 })
    expect(files.get('gone')).toMatchObject({ status: 'removed', deletions: 1 })
    expect(files.get('empty')).toMatchObject({ status: 'added', patch: null, binary: false })
    expect(files.get('sp ace')?.patch).toBe('@@ -1 +1 @@\n-1\n+2')
    expect(files.get('text')).toMatchObject({ status: 'modified', additions: 2, deletions: 1 })
    expect(files.has('other')).toBe(false)
    expect(result.diff).toContain('diff --git a/text b/text')
  })

  test('equal revisions differ in nothing', async () => {
    const name = await seeded()
    expect(await host.compare(name, 'main', 'main')).toMatchObject({
      ahead: 0,
      behind: 0,
      files: [],
      diff: '',
      commits: [],
    })
  })

  test('histories that share nothing are compared tree against tree', async () => {
    const name = await seeded({ a: '1\n' })
    const other = await seeded({ b: '2\n' })
    await host.create('acme/orphan', { files: { b: '2\n' }, message: 'Other', author: ada, branch: 'orphan' })
    expect(other).not.toBe(name)
    await host.setDefaultBranch(name, 'unborn')
    const orphan = await write(name, 'orphan', { b: '2\n' })
    await host.setDefaultBranch(name, 'main')
    const result = await host.compare(name, 'main', orphan)
    expect(result.mergeBase).toBeNull()
    expect(result.files.map((file) => `${file.status} ${file.path}`)).toEqual(['removed a', 'added b'])
    expect(await host.mergeable(name, 'main', orphan)).toBe('conflict')
  })

  test('an unknown revision is named', async () => {
    const name = await seeded()
    await expect(host.compare(name, 'main', 'nowhere')).rejects.toMatchObject({ code: 'no_revision' })
  })
})

describe('merge', () => {
  async function diverged() {
    const name = await seeded()
    await write(name, 'topic', { t1: '1\n' }, 'Topic one')
    const head = await write(name, 'topic', { t2: '2\n' }, 'Topic two')
    const base = await write(name, 'main', { m: 'm\n' }, 'Main moves')
    return { name, head, base }
  }
  const request = (headSha: string) => ({
    baseBranch: 'main',
    headSha,
    title: 'Merge it',
    message: 'Because',
    author: ada,
  })

  test('a merge commit has both parents', async () => {
    const { name, head, base } = await diverged()
    expect(await host.mergeable(name, base, head)).toBe('clean')
    const result = await host.merge(name, { ...request(head), method: 'merge' })
    expect(result).toMatchObject({ ok: true })
    expect((await host.log(name, 'main', 1))[0]).toMatchObject({
      parents: [base, head],
      message: 'Merge it\n\nBecause',
      author: ada,
    })
    expect((await host.listTree(name, 'main', ''))?.map((entry) => entry.name)).toEqual([
      'README.md',
      'm',
      'src',
      't1',
      't2',
    ])
  })

  test('a squash is one commit on the base', async () => {
    const { name, head, base } = await diverged()
    await host.merge(name, { ...request(head), method: 'squash' })
    expect((await host.log(name, 'main', 1))[0]?.parents).toEqual([base])
    expect((await host.readFile(name, 'main', 't2'))?.toString()).toBe('2\n')
  })

  test('a rebase replays each commit with its author', async () => {
    const { name, head, base } = await diverged()
    const result = await host.merge(name, { ...request(head), method: 'rebase' })
    const log = await host.log(name, 'main', 3)
    expect(log.map((commit) => commit.message)).toEqual(['Topic two', 'Topic one', 'Main moves'])
    expect(log[0]).toMatchObject({ author: { email: bob.email }, committer: ada })
    expect(log[2]?.sha).toBe(base)
    expect(result).toEqual({ ok: true, sha: log[0]?.sha })
    expect(log[0]?.author.date).toBe((await host.log(name, head, 1))[0]?.author.date)
  })

  test('a rebase drops what the base has already', async () => {
    const { name, head } = await diverged()
    await write(name, 'main', { t1: '1\n' }, 'The same change')
    expect(await host.merge(name, { ...request(head), method: 'rebase' })).toMatchObject({ ok: true })
    expect((await host.log(name, 'main', 2)).map((commit) => commit.message)).toEqual([
      'Topic two',
      'The same change',
    ])
  })

  test.each(['merge', 'squash', 'rebase'] as const)('a conflict moves nothing with %s', async (method) => {
    const name = await seeded()
    const head = await write(name, 'topic', { 'src/a.txt': 'theirs\n' })
    const base = await write(name, 'main', { 'src/a.txt': 'ours\n' })
    expect(await host.mergeable(name, base, head)).toBe('conflict')
    expect(await host.merge(name, { ...request(head), method })).toEqual({ ok: false, reason: 'conflict' })
    expect(await host.branch(name, 'main')).toBe(base)
  })

  test('of merges that race only those that kept the base have moved it', async () => {
    const { name, head } = await diverged()
    const other = await write(name, 'other', { o: 'o\n' }, 'Other')
    const results = await Promise.all([
      host.merge(name, { ...request(head), method: 'merge' }),
      host.merge(name, { ...request(other), method: 'merge' }),
    ])
    const messages = (await host.log(name, 'main', 20)).filter((commit) =>
      commit.message.startsWith('Merge it'),
    )
    expect(messages).toHaveLength(results.filter((result) => result.ok).length)
    expect(results.every((result) => result.ok || result.reason === 'base_moved')).toBe(true)
  })

  test('a deleted base is told as moved', async () => {
    const { name, head } = await diverged()
    const result = await host.merge(name, { ...request(head), baseBranch: 'nowhere', method: 'merge' })
    expect(result).toEqual({ ok: false, reason: 'base_moved' })
  })
})
