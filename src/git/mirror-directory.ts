import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Git } from './run.ts'

/** Where the parts of one project lie. All on one file system, so that packs move by renaming. */
export interface MirrorDirectory {
  root: string
  repository: string
  quarantine: string
  held: string
}

/** Its presence says that the repository beside it was completely made: it is renamed into place as a whole. */
const MARKER = 'mission-control-mirror'
const FETCHED = 'mission-control-fetched'
const ABANDONED_AFTER_MS = 60 * 60 * 1000
const STALE_LOCK_AFTER_MS = 10 * 60 * 1000
const HOST =
  hostname()
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, 32) || 'host'
/** Told apart from an earlier process with our process id, as in a restarted container. */
const INSTANCE = randomBytes(4).toString('hex')

export function mirrorDirectory(root: string, projectId: number): MirrorDirectory {
  if (!Number.isSafeInteger(projectId) || projectId < 0)
    throw new RangeError('a project id is a whole number')
  const own = join(root, String(projectId))
  return {
    root: own,
    repository: join(own, 'mirror.git'),
    quarantine: join(own, 'quarantine'),
    held: join(own, 'held'),
  }
}

/** A name that says whose it is, so that what a dead process leaves behind can be recognised. */
export function ownedName(prefix: string): string {
  return `${prefix}-${HOST}-${process.pid}-${INSTANCE}-${randomBytes(6).toString('hex')}`
}

function isAbandoned(name: string, modifiedMs: number, nowMs: number): boolean {
  if (nowMs - modifiedMs > ABANDONED_AFTER_MS) return true
  const [, host, pid, instance] = name.split('-')
  if (host !== HOST) return false
  if (Number(pid) === process.pid) return instance !== INSTANCE
  return !isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Makes an empty mirror when there is none. Safe against another process that does the same. */
export async function ensureRepository(git: Git, directory: MirrorDirectory): Promise<void> {
  if (await exists(join(directory.repository, MARKER))) return
  await mkdir(directory.quarantine, { recursive: true })
  const fresh = join(directory.root, ownedName('new'))
  await initRepository(git, fresh)
  await writeFile(join(fresh, MARKER), '1\n')
  try {
    await rename(fresh, directory.repository)
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    if (await exists(join(directory.repository, MARKER))) return
    // Something is in the way that is no mirror of ours: it is thrown away at the next try.
    await discardRepository(directory)
    throw error
  }
}

/** An empty bare repository without hooks or templates. */
export async function initRepository(git: Git, path: string): Promise<void> {
  await git.run([
    'init',
    '--quiet',
    '--bare',
    '--template=',
    '--object-format=sha1',
    '--initial-branch=main',
    path,
  ])
}

/** Throws the mirror away, and the held commits that stand on it. It is a cache: the next fetch makes it again. */
export async function discardRepository(directory: MirrorDirectory): Promise<void> {
  for (const path of [directory.repository, directory.held]) {
    const trash = join(directory.root, ownedName('trash'))
    if (!(await exists(path))) continue
    await rename(path, trash)
    await rm(trash, { recursive: true, force: true })
  }
}

/** Removes what dead processes left behind: half-made mirrors and quarantines. */
export async function sweepAbandoned(root: string, nowMs: number): Promise<void> {
  for (const project of await list(root)) {
    if (!/^\d+$/.test(project)) continue
    for (const directory of [
      join(root, project),
      join(root, project, 'quarantine'),
      join(root, project, 'held'),
    ]) {
      await sweepDirectory(directory, nowMs)
    }
  }
}

async function sweepDirectory(directory: string, nowMs: number): Promise<void> {
  for (const name of await list(directory)) {
    if (!/^(new|trash|push)-/.test(name)) continue
    const path = join(directory, name)
    const found = await statOrNull(path)
    if (found !== null && isAbandoned(name, found.mtimeMs, nowMs))
      await rm(path, { recursive: true, force: true })
  }
}

/** Removes lock files that a killed git left; a living git holds one for seconds. */
export async function removeStaleLocks(repository: string, nowMs: number): Promise<void> {
  for (const name of await readdir(repository, { recursive: true })) {
    if (!name.endsWith('.lock') || name.startsWith('objects')) continue
    const found = await statOrNull(join(repository, name))
    if (found !== null && nowMs - found.mtimeMs > STALE_LOCK_AFTER_MS)
      await rm(join(repository, name), { force: true })
  }
}

export async function markFetched(directory: MirrorDirectory): Promise<void> {
  await writeFile(join(directory.repository, FETCHED), '')
}

/** When the mirror was last brought up to date, in epoch milliseconds; null when it never was. */
export async function fetchedAt(directory: MirrorDirectory): Promise<number | null> {
  return (await statOrNull(join(directory.repository, FETCHED)))?.mtimeMs ?? null
}

export async function exists(path: string): Promise<boolean> {
  return (await statOrNull(path)) !== null
}

async function statOrNull(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

async function list(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOENT' || code === 'ENOTDIR'
}
