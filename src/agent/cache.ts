import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Git, type GitCredential, gitFailure } from './git.ts'

/** The bare clone of one project, kept between sessions; worktrees of sessions hang on it. */
export type Cache = { directory: string; url: string }

/** One per project and runner: git's ref locks would make runners that share a cache fail each other's fetch. */
export function cacheOf(workDir: string, runner: string, url: string): Cache {
  const hash = createHash('sha256').update(`${runner}\0${url}`).digest('hex').slice(0, 24)
  return { directory: join(workDir, 'cache', `${hash}.git`), url }
}

const inTurn = new Map<string, Promise<unknown>>()

/** Runs `work` after all earlier work on the same cache has ended. */
async function exclusively<T>(cache: Cache, work: () => Promise<T>): Promise<T> {
  const before = inTurn.get(cache.directory) ?? Promise.resolve()
  const mine = before.then(work, work)
  inTurn.set(cache.directory, mine)
  try {
    return await mine
  } finally {
    if (inTurn.get(cache.directory) === mine) inTurn.delete(cache.directory)
  }
}

/** Brings all branches of the project up to date, as `refs/remotes/origin/*`. Throws GitError with git's words. */
export function fetchCache(
  git: Git,
  cache: Cache,
  access: { credential: GitCredential; signal: AbortSignal },
): Promise<void> {
  return exclusively(cache, async () => {
    if (!existsSync(join(cache.directory, 'HEAD'))) {
      await git.read(['init', '--quiet', '--bare', '--template=', cache.directory])
    }
    await ownSettings(cache)
    await git.run(['--git-dir', cache.directory, 'worktree', 'prune', '--expire', 'now'])
    const options = ['--quiet', '--prune', '--no-tags', '--force']
    const args = ['--git-dir', cache.directory, 'fetch', ...options, 'origin']
    let result = await git.transfer(args, access)
    while (result.code !== 0 && (await removeStaleLock(cache, result.stderr)))
      result = await git.run(args, access)
    if (result.code !== 0) throw gitFailure(['fetch'], result)
  })
}

/** A git that was killed outright leaves a lock file, on which every later fetch would fail. True when one was removed. */
async function removeStaleLock(cache: Cache, stderr: string): Promise<boolean> {
  const [, lock] = /Unable to create '(.+\.lock)': File exists/.exec(stderr) ?? []
  if (lock === undefined || !resolve(lock).startsWith(`${cache.directory}/`)) return false
  await rm(lock)
  return true
}

/**
 * Writes the cache's configuration as it has to be and removes hooks and attributes: worktrees share them, so that a
 * program of one session could otherwise act in another, or redirect the next transfer.
 */
export async function ownSettings(cache: Cache): Promise<void> {
  const quoted = cache.url.replace(/[\\"]/g, '\\$&')
  const config = [
    '[core]\n\trepositoryformatversion = 0\n\tbare = true',
    `[remote "origin"]\n\turl = "${quoted}"\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`,
  ].join('\n')
  await Promise.all(
    ['hooks', 'info/attributes', 'info/exclude', 'config.worktree', 'config.lock'].map((name) =>
      rm(join(cache.directory, name), { recursive: true, force: true }),
    ),
  )
  const fresh = join(cache.directory, `config.${randomUUID()}`)
  await writeFile(fresh, config)
  await rename(fresh, join(cache.directory, 'config'))
}

/** The commit that a branch of the project, or the commit id, stands for; null when there is none. */
export async function resolveCommit(git: Git, cache: Cache, name: string): Promise<string | null> {
  const revision = /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(name) ? name : `refs/remotes/origin/${name}`
  const args = ['--git-dir', cache.directory, 'rev-parse', '--quiet', '--verify', `${revision}^{commit}`]
  const result = await git.run(args)
  return result.code === 0 ? result.stdout.trim() : null
}

/** Checks a new branch out into `directory`. A branch of that name that an earlier session left behind is replaced. */
export function addWorktree(
  git: Git,
  cache: Cache,
  worktree: { directory: string; branch: string; start: string; signal: AbortSignal },
): Promise<string> {
  const { directory, branch, start, signal } = worktree
  const args = ['worktree', 'add', '--quiet', '--force', '--no-track', '-B', branch, directory, start]
  return exclusively(cache, () => git.read(['--git-dir', cache.directory, ...args], { signal }))
}

/** Forgets worktrees whose directory is gone, and the branch, unless a later session has it checked out already. */
export function forgetWorktree(git: Git, cache: Cache, branch: string): Promise<void> {
  return exclusively(cache, async () => {
    await git.run(['--git-dir', cache.directory, 'worktree', 'prune', '--expire', 'now'])
    await git.run(['--git-dir', cache.directory, 'branch', '--quiet', '-D', branch])
  })
}
