import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Logger } from '../runtime/logger.ts'
import { type SessionPaths, sessionMarker } from './environment.ts'
import { killStrays } from './process-group.ts'
import { runnerIsGone } from './runner-lock.ts'

export type SessionDirectory = SessionPaths & { directory: string; repo: string }

const Owner = z.object({ runner: z.string().regex(/^[a-z0-9-]+$/) })
/** Longer than the moment between a directory and the file that says whose it is. */
const UNOWNED_MS = 60_000

function pathsIn(directory: string): SessionDirectory {
  return {
    directory,
    repo: join(directory, 'repo'),
    home: join(directory, 'home'),
    tmp: join(directory, 'tmp'),
    promptFile: join(directory, 'prompt.md'),
    usageFile: join(directory, 'usage.json'),
  }
}

/** Makes `<workDir>/sessions/<id>`, readable by this user alone. Throws when the session has a directory already. */
export async function makeSessionDirectory(
  workDir: string,
  runner: string,
  content: { session: number; prompt: string; gitConfig: string },
): Promise<SessionDirectory> {
  const sessions = join(workDir, 'sessions')
  await mkdir(sessions, { recursive: true, mode: 0o700 })
  // Renamed when complete, so that a directory under its final name always says whose it is.
  const fresh = pathsIn(await mkdtemp(join(sessions, 'new-')))
  await writeFile(join(fresh.directory, 'owner.json'), JSON.stringify({ runner }))
  await Promise.all([mkdir(fresh.home), mkdir(fresh.tmp), writeFile(fresh.promptFile, content.prompt)])
  await writeFile(join(fresh.home, '.gitconfig'), content.gitConfig)
  const final = pathsIn(join(sessions, String(content.session)))
  try {
    await rename(fresh.directory, final.directory)
  } catch (error) {
    await rm(fresh.directory, { recursive: true, force: true })
    throw error
  }
  return final
}

/** Removes a session's files; directories that a program made read-only are made writable first. */
export async function removeSessionDirectory(directory: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3, retryDelay: 100 }
  try {
    await rm(directory, options)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    await makeWritable(directory)
    await rm(directory, options)
  }
}

async function makeWritable(directory: string): Promise<void> {
  await chmod(directory, 0o700)
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(directory, entry.name))
  }
}

/**
 * Removes what runners that died left behind, their processes included. Directories of runners that live are left.
 * @param runner our own name, whose lock we hold: what carries it is from an earlier life of ours
 */
export async function removeStaleSessions(workDir: string, runner: string, logger: Logger): Promise<void> {
  const sessions = join(workDir, 'sessions')
  await mkdir(sessions, { recursive: true, mode: 0o700 })
  for (const name of await readdir(sessions)) {
    const paths = pathsIn(join(sessions, name))
    const owner = await readOwner(paths.directory)
    const stale =
      owner === null ? await isOld(paths.directory) : owner === runner || runnerIsGone(workDir, owner)
    if (!stale) continue
    const processes = await killStrays(sessionMarker(paths.home))
    await removeRegistration(workDir, paths.repo)
    await removeSessionDirectory(paths.directory)
    logger.warn({ directory: paths.directory, processes }, 'removed what an earlier runner left behind')
  }
}

/**
 * Removes what the cache knows of a worktree, by the link that stands in it. A general `git worktree prune` could hit
 * one that another runner is adding. A program may have changed the link: nothing outside of the caches is touched.
 */
async function removeRegistration(workDir: string, repo: string): Promise<void> {
  const link = await readFile(join(repo, '.git'), 'utf8').catch(() => '')
  const [, name, id] = /\/cache\/([0-9a-f]{24}\.git)\/worktrees\/([^/\n]+)\n?$/.exec(link) ?? []
  if (name === undefined || id === undefined || id === '.' || id === '..') return
  await rm(join(workDir, 'cache', name, 'worktrees', id), { recursive: true, force: true })
}

async function readOwner(directory: string): Promise<string | null> {
  try {
    return Owner.parse(JSON.parse(await readFile(join(directory, 'owner.json'), 'utf8'))).runner
  } catch {
    // Cut off or missing: the runner died while it made the directory, or is making it now.
    return null
  }
}

async function isOld(directory: string): Promise<boolean> {
  const { mtimeMs } = await stat(directory)
  return Date.now() - mtimeMs > UNOWNED_MS
}
