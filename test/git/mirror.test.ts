import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Mirror, type Mirrors, openMirrors } from '../../src/git/mirror.ts'
import { commit, SEED } from './harness/gateway.ts'
import { git, temporaryDirectory } from './harness/git-client.ts'
import { type GitHost, startGitHost } from './harness/git-host.ts'

let host: GitHost
let mirrors: Mirrors
let mirror: Mirror
let directory: Awaited<ReturnType<typeof temporaryDirectory>>

beforeEach(async () => {
  host = await startGitHost(SEED)
  directory = await temporaryDirectory()
  mirrors = await openMirrors({ root: join(directory.path, 'mirrors') })
  mirror = mirrors.mirror(5)
})
afterEach(async () => {
  await host.stop()
  await directory.remove()
})

describe('a mirror', () => {
  test('that was never fetched is an empty repository', async () => {
    expect(await mirror.fetchedAt()).toBeNull()
    expect(await mirror.resolve('refs/heads/main')).toBeNull()
    expect(await mirror.branches()).toEqual(new Map())
    expect(await mirror.readFile('main', 'README.md', 100)).toBeNull()
    expect(await mirror.listFiles('main', 10)).toEqual([])
  })

  test('of a repository without commits is empty, and fetched', async () => {
    await git(host.repository(), 'update-ref', '-d', 'refs/heads/main')
    await mirror.fetch(host.remote())
    expect(await mirror.branches()).toEqual(new Map())
    expect(await mirror.fetchedAt()).not.toBeNull()
    expect(await mirror.remoteHead(host.remote(), 'main')).toBeNull()
  })

  test('has the branches, and no tags', async () => {
    await git(host.repository(), 'tag', 'v1', 'main')
    await mirror.fetch(host.remote())
    const head = await host.head('main')
    expect(await mirror.branches()).toEqual(new Map([['main', head]]))
    expect(await mirror.has(head)).toBe(true)
    expect(await mirror.has('1'.repeat(40))).toBe(false)
    expect(await mirror.has('main')).toBe(false)
    expect(await mirror.resolve('refs/tags/v1')).toBeNull()
    expect(await mirror.resolve('--help')).toBeNull()
    expect(await mirror.resolve(`main\n${head}`)).toBeNull()
    expect(await mirror.remoteHead(host.remote(), 'main')).toBe(head)
  })

  test('follows branches that were rewritten or dropped, also when one makes room for another', async () => {
    const path = host.repository()
    await git(path, 'branch', 'a', 'main')
    await mirror.fetch(host.remote())
    await git(path, 'branch', '-D', 'a')
    await git(path, 'branch', 'a/b', 'main')
    await git(path, 'update-ref', 'refs/heads/main', 'main~1')
    await mirror.fetch(host.remote())
    expect([...(await mirror.branches()).keys()]).toEqual(['a/b', 'main'])
    expect(await mirror.resolve('refs/heads/main')).toBe(await host.head('main'))
  })

  test('reads regular files only, up to the size that is asked for', async () => {
    await mirror.fetch(host.remote())
    expect(String(await mirror.readFile('main', 'src/sum.js', 100))).toBe('a - b\n')
    expect(await mirror.readFile('main', 'src/sum.js', 3)).toBeNull()
    expect(await mirror.readFile('main', 'src', 100)).toBeNull()
    expect(await mirror.readFile('main', 'src/', 100)).toBeNull()
    expect(await mirror.readFile('main', 'none', 100)).toBeNull()
    const all = ['.github/workflows/ci.yml', 'README.md', 'src/other.js', 'src/sum.js']
    expect(await mirror.listFiles('main', 100)).toEqual(all)
    expect(await mirror.listFiles('main', 2)).toEqual(all.slice(0, 2))
  })

  test('keeps unusual names whole', async () => {
    const work = join(directory.path, 'work')
    await git(directory.path, 'clone', '-q', host.repository(), work)
    await commit(work, 'odd', { 'ü "x"\n.txt': 'odd', 'c:x': 'colon' })
    await git(work, 'push', '-q', 'origin', 'main')
    await mirror.fetch(host.remote())
    expect(await mirror.listFiles('main', 100)).toContain('ü "x"\n.txt')
    expect(String(await mirror.readFile('main', 'ü "x"\n.txt', 100))).toBe('odd')
    expect(String(await mirror.readFile('main', 'c:x', 100))).toBe('colon')
  })

  test('tells who descends from whom', async () => {
    await mirror.fetch(host.remote())
    const [head = '', first = ''] = (await git(host.repository(), 'rev-list', 'main')).split('\n')
    expect(await mirror.isAncestor(first, head)).toBe(true)
    expect(await mirror.isAncestor(head, first)).toBe(false)
    await expect(mirror.isAncestor('1'.repeat(40), head)).rejects.toThrow('git merge-base failed')
  })

  test('is fetched once for all who ask while a fetch runs, and once more for what they may have missed', async () => {
    const before = host.authorizations.length
    await mirror.fetch(host.remote())
    const one = host.authorizations.length - before
    await Promise.all(Array.from({ length: 20 }, () => mirror.fetch(host.remote())))
    expect(host.authorizations.length - before).toBeLessThanOrEqual(one * 3)
  })

  test('is fetched by two processes at once', async () => {
    const other = (await openMirrors({ root: mirrors.root })).mirror(5)
    await Promise.all([mirror.fetch(host.remote()), other.fetch(host.remote())])
    expect(await other.resolve('refs/heads/main')).toBe(await host.head('main'))
  })

  test('is made again when it is damaged', async () => {
    await mirror.fetch(host.remote())
    const packs = join(mirror.path, 'objects')
    await rm(packs, { recursive: true })
    await mkdir(packs)
    await mirror.fetch(host.remote())
    expect(String(await mirror.readFile('main', 'README.md', 100))).toBe('hello\n')
    await writeFile(join(mirror.path, 'HEAD'), 'rubbish')
    await mirror.fetch(host.remote())
    expect(String(await mirror.readFile('main', 'README.md', 100))).toBe('hello\n')
  })

  test('is fetched although a killed git left a lock behind', async () => {
    await mirror.fetch(host.remote())
    await git(host.repository(), 'update-ref', 'refs/heads/main', 'main~1')
    const lock = join(mirror.path, 'refs', 'heads', 'main.lock')
    await writeFile(lock, '')
    await expect(mirror.fetch(host.remote())).rejects.toMatchObject({ reason: 'moved' })
    await utimes(lock, 0, 0)
    await mirror.fetch(host.remote())
    expect(await mirror.resolve('refs/heads/main')).toBe(await host.head('main'))
  })

  test('joins its packs when there are many, and loses nothing', async () => {
    const tidy = (await openMirrors({ root: join(directory.path, 'tidy'), packLimit: 0 })).mirror(1)
    expect(await tidy.tidy()).toBe(false)
    await tidy.fetch(host.remote())
    await git(tidy.path, 'repack', '-q', '-a', '-d')
    expect(await tidy.tidy()).toBe(true)
    expect(await tidy.resolve('refs/heads/main')).toBe(await host.head('main'))
  })

  test('names the failure when GitHub cannot be read', async () => {
    const wrong = { url: host.remote().url, token: 'ghs_wrong' }
    await expect(mirror.fetch(wrong)).rejects.toMatchObject({ name: 'RemoteError', reason: 'unauthorized' })
    const gone = { ...host.remote(), url: `${host.url}/acme/none.git` }
    await expect(mirror.fetch(gone)).rejects.toMatchObject({ reason: 'not_found' })
    await expect(mirror.remoteHead(gone, 'main')).rejects.toMatchObject({ reason: 'not_found' })
    const down = { ...host.remote(), url: 'http://127.0.0.1:1/acme/app.git' }
    await expect(mirror.fetch(down)).rejects.toMatchObject({ reason: 'unreachable' })
    await expect(mirror.fetch({ ...down, url: 'ext::sh -c id' })).rejects.toThrow()
    await expect(mirror.fetch({ ...down, url: host.repository() })).rejects.toThrow(/not allowed/)
  })

  test('holds no credentials on disk', async () => {
    await mirror.fetch(host.remote())
    const found = await git(
      directory.path,
      'grep',
      '--no-index',
      '-l',
      '-a',
      '-e',
      host.token,
      '--',
      '.',
    ).catch(() => '')
    expect(found).toBe('')
  })
})

test('what dead processes left half-made is removed at the next start, what is in use stays', async () => {
  await mirror.fetch(host.remote())
  const own = join(mirrors.root, '5')
  const here = hostname()
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, 32)
  const dead = [
    `quarantine/push-${here}-99999999-aaaa-1`,
    `new-${here}-${process.pid}-other-1`,
    'quarantine/push-elsewhere-1-a-1',
  ]
  for (const name of dead) await mkdir(join(own, name, 'objects'), { recursive: true })
  await utimes(join(own, 'quarantine/push-elsewhere-1-a-1'), 0, 0)
  await mkdir(join(own, 'quarantine/push-elsewhere-2-a-1'))
  const alive = await mirror.quarantine(null)
  await openMirrors({ root: mirrors.root })
  const left = await readdir(join(own, 'quarantine'))
  expect(left).toHaveLength(2)
  expect(left).toContain('push-elsewhere-2-a-1')
  expect((await readdir(own)).sort()).toEqual(['mirror.git', 'quarantine'])
  await alive.discard()
})
