import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exists, initRepository, type MirrorDirectory, ownedName } from './mirror-directory.ts'
import { type Git, GitError } from './run.ts'

/**
 * Commits that wait for a person's approval, one repository per branch. They are kept out of the mirror's objects
 * altogether: since protocol v2 a client may ask for any object by its id, so hiding refs would hide nothing. Each
 * repository borrows the mirror's objects. Lost ones are made again from the bundle that is stored in Postgres.
 */
export interface HeldBranches {
  /** Where the commits of a branch are read and published from. */
  path(branch: string): string
  /** The commit that this replica holds for a branch, or null. */
  find(branch: string): Promise<string | null>
  /**
   * Makes sure that `sha` can be read at `path(branch)`, from the bundle when this replica does not have it yet.
   * Throws when the bundle stands on commits that the mirror does not have: fetch first.
   */
  restore(branch: string, sha: string, bundle: () => Promise<Buffer>): Promise<void>
  /** Makes the repository's refs the mirror's branches plus its own. */
  show(branch: string, sha: string, others: ReadonlyMap<string, string>, head: string): Promise<void>
  /** Makes the repository of a branch if need be; packs are moved into it, then `commit` names the result. */
  prepare(branch: string): Promise<string>
  commit(branch: string, sha: string): Promise<void>
  /** Forgets a branch after it was published or given up. */
  drop(branch: string): Promise<void>
}

const MARKER = 'mission-control-held'

export function heldBranches(git: Git, directory: MirrorDirectory): HeldBranches {
  const path = (branch: string) =>
    join(directory.held, `${createHash('sha256').update(branch).digest('hex').slice(0, 40)}.git`)
  const find = (branch: string) => readMarker(path(branch))
  const restoring = new Map<string, Promise<void>>()
  const restore = async (branch: string, sha: string, bundle: () => Promise<Buffer>) => {
    const fresh = await makeRepository(git, directory)
    try {
      await unbundle(git, fresh, await bundle(), sha)
      await replace(directory, fresh, path(branch))
    } finally {
      await rm(fresh, { recursive: true, force: true })
    }
  }
  return {
    path,
    find,
    restore: async (branch, sha, bundle) => {
      if ((await find(branch)) === sha) return
      const key = `${sha} ${branch}`
      const running = restoring.get(key) ?? restore(branch, sha, bundle)
      restoring.set(key, running)
      await running.finally(() => restoring.delete(key))
    },
    show: (branch, sha, others, head) => writeRefs(path(branch), branch, sha, others, head),
    prepare: async (branch) => {
      if (!(await exists(path(branch))))
        await replace(directory, await makeRepository(git, directory), path(branch))
      return path(branch)
    },
    commit: (branch, sha) => writeWhole(join(path(branch), MARKER), `${sha}\n`),
    drop: async (branch) => {
      if (!(await exists(path(branch)))) return
      const trash = join(directory.held, ownedName('trash'))
      await rename(path(branch), trash)
      await rm(trash, { recursive: true, force: true })
    },
  }
}

async function readMarker(repository: string): Promise<string | null> {
  try {
    return (await readFile(join(repository, MARKER), 'utf8')).trim() || null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function makeRepository(git: Git, directory: MirrorDirectory): Promise<string> {
  await mkdir(directory.held, { recursive: true })
  const fresh = join(directory.held, ownedName('new'))
  await initRepository(git, fresh)
  await mkdir(join(fresh, 'objects', 'info'), { recursive: true })
  await writeFile(join(fresh, 'objects', 'info', 'alternates'), `${join(directory.repository, 'objects')}\n`)
  return fresh
}

/** Puts a repository in its place, whatever was there. */
async function replace(directory: MirrorDirectory, fresh: string, place: string): Promise<void> {
  const trash = join(directory.held, ownedName('trash'))
  if (await exists(place)) await rename(place, trash)
  await rename(fresh, place)
  await rm(trash, { recursive: true, force: true })
}

async function unbundle(git: Git, repository: string, bundle: Buffer, sha: string): Promise<void> {
  const file = join(repository, 'held.bundle')
  await writeFile(file, bundle)
  await git.run(['bundle', 'unbundle', file], { gitDir: repository, timeoutMs: 5 * 60 * 1000 })
  await rm(file)
  const { stdout } = await git.run(['cat-file', '--batch-check'], { gitDir: repository, input: `${sha}\n` })
  if (stdout.toString().split(' ')[1] !== 'commit') {
    throw new GitError('bundle', 'exit', null, 'the bundle does not hold the commit that it was stored for')
  }
  await writeFile(join(repository, MARKER), `${sha}\n`)
}

/** Refs are written as one packed file: no process per ref, and readers see the old or the new list. */
async function writeRefs(
  repository: string,
  branch: string,
  sha: string,
  others: ReadonlyMap<string, string>,
  head: string,
): Promise<void> {
  const refs = new Map(
    [...others].filter(([name]) => !name.startsWith(`${branch}/`) && !branch.startsWith(`${name}/`)),
  )
  refs.set(branch, sha)
  const lines = [...refs].map(([name, commit]) => ({ name: Buffer.from(`refs/heads/${name}`), commit }))
  lines.sort((a, b) => Buffer.compare(a.name, b.name))
  const body = lines.map(({ name, commit }) => `${commit} ${name}\n`).join('')
  await writeWhole(join(repository, 'packed-refs'), `# pack-refs with: peeled fully-peeled sorted \n${body}`)
  await writeWhole(join(repository, 'HEAD'), `ref: refs/heads/${head}\n`)
}

async function writeWhole(path: string, text: string): Promise<void> {
  const fresh = `${path}.${ownedName('new')}`
  await writeFile(fresh, text)
  await rename(fresh, path)
}
