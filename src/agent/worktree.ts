import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { neutraliseTitle } from '../domain/neutralise.ts'
import type { Git, GitCall } from './git.ts'
import type { Workspace } from './workspace.ts'

type Signal = { signal: AbortSignal }

/** Untracked entries, as paths from the root of the worktree; a directory with nothing tracked in it is one entry. */
export async function untrackedPaths(git: Git, repo: string, { signal }: Signal): Promise<string[]> {
  const out = await git.read(
    ['ls-files', '-z', '--others', '--exclude-standard', '--directory', '--no-empty-directory'],
    {
      directory: repo,
      signal,
    },
  )
  return out.split('\0').filter((path) => path !== '')
}

/**
 * Commits what the program left uncommitted, except `ignored`: what `workspace.setup` had made before it started, such
 * as a `node_modules` that the repository does not ignore. False when there was nothing to commit.
 */
export async function commitLeftovers(
  git: Git,
  workspace: Workspace,
  commit: { subject: string; ignored: readonly string[] } & Signal,
): Promise<boolean> {
  const call: GitCall = { directory: workspace.repo, signal: commit.signal }
  await removeLocks(git, workspace, call)
  const excluded = commit.ignored.map((path) => `:(top,exclude,literal)${path.replace(/\/$/, '')}`)
  const input = [':(top)', ...excluded].join('\0')
  await git.read(['add', '--all', '--pathspec-from-file=-', '--pathspec-file-nul'], { ...call, input })
  if ((await git.run(['diff', '--cached', '--quiet'], call)).code === 0) return false
  await commitStaged(git, call, commitMessage(commit.subject))
  return true
}

export async function commitStaged(git: Git, call: GitCall, message: string): Promise<void> {
  await git.read(['commit', '--quiet', '--no-verify', '--cleanup=whitespace', '--file=-'], {
    ...call,
    input: message,
  })
}

/** The number of commits that `HEAD` has and `since` has not. */
export async function countCommits(
  git: Git,
  repo: string,
  since: string,
  { signal }: Signal,
): Promise<number> {
  return Number(
    (await git.read(['rev-list', '--count', `${since}..HEAD`], { directory: repo, signal })).trim(),
  )
}

/** A subject from a person's or a program's text: one line, which closes no issue when it reaches GitHub. */
export function commitSubject(text: string): string {
  return neutraliseTitle(text, 72) || 'Save the work of the session'
}

function commitMessage(subject: string): string {
  return `${commitSubject(subject)}\n\nLeft uncommitted by the program; committed by the Mission Control runner.\n`
}

/** A git that was killed in the middle leaves its lock files; nothing of the session runs any more. */
async function removeLocks(git: Git, workspace: Workspace, call: GitCall): Promise<void> {
  const directory = (await git.read(['rev-parse', '--absolute-git-dir'], call)).trim()
  const locks = [
    join(directory, 'index.lock'),
    join(directory, 'HEAD.lock'),
    join(workspace.cache.directory, 'refs', 'heads', `${workspace.branch}.lock`),
  ]
  await Promise.all(locks.map((lock) => rm(lock, { force: true })))
}
