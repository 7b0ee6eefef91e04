import type { Assignment } from '../protocol/assignment.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import { addWorktree, type Cache, cacheOf, fetchCache, forgetWorktree, resolveCommit } from './cache.ts'
import { type Git, type GitCredential, GitError } from './git.ts'
import { makeSessionDirectory, removeSessionDirectory, type SessionDirectory } from './session-directory.ts'

/** The place in which one session works: its own worktree, HOME and temporary directory. */
export type Workspace = SessionDirectory & {
  cache: Cache
  branch: string
  /** Commit ids: where this session began, and the base that the pull request will have. */
  start: string
  base: string
  remove(): Promise<void>
}

type WorkspaceOptions = {
  workDir: string
  runner: string
  author: { name: string; email: string }
  git: Git
  signal: AbortSignal
}

export function credentialOf(assignment: Assignment): GitCredential {
  const { git, session } = assignment
  return { url: git.url, username: git.username, password: session.token }
}

/**
 * Makes a session's directory and checks its branch out: from the branch as it was published, else from the base.
 * Throws GitError when the project cannot be fetched or the base is gone; nothing is left behind then.
 */
export async function openWorkspace(assignment: Assignment, options: WorkspaceOptions): Promise<Workspace> {
  const { git, workDir, runner, author } = options
  const branch = await checkedBranch(git, assignment.git.branch)
  const cache = cacheOf(workDir, runner, checkedUrl(assignment.git.url))
  const paths = await makeSessionDirectory(workDir, runner, {
    session: assignment.session.id,
    prompt: assignment.context.markdown,
    gitConfig: gitConfig(author),
  })
  crashPoint('after', 'session directory')
  const remove = async () => {
    await removeSessionDirectory(paths.directory)
    await forgetWorktree(git, cache, branch)
  }
  try {
    crashPoint('before', 'runner fetch')
    await fetchCache(git, cache, { credential: credentialOf(assignment), signal: options.signal })
    crashPoint('after', 'runner fetch')
    const base = await resolveCommit(git, cache, assignment.git.base)
    if (base === null) throw new GitError(`the base ${assignment.git.base} is not in the repository`)
    const start = (await resolveCommit(git, cache, branch)) ?? base
    await addWorktree(git, cache, { directory: paths.repo, branch, start, signal: options.signal })
    crashPoint('after', 'worktree')
    return { ...paths, cache, branch, start, base, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** A name that begins with a dash would be read as an option. */
async function checkedBranch(git: Git, branch: string): Promise<string> {
  const valid =
    !branch.startsWith('-') && (await git.run(['check-ref-format', `refs/heads/${branch}`])).code === 0
  if (!valid) throw new GitError(`not a branch name: ${JSON.stringify(branch)}`)
  return branch
}

/** Only what git's HTTP transport serves: `ext::` addresses run commands, and a password in one would be stored. */
function checkedUrl(url: string): string {
  const { protocol, username, password } = new URL(url)
  if (!/^https?:$/.test(protocol) || username !== '' || password !== '') {
    throw new GitError('the git address of the assignment is not a plain http or https address')
  }
  return url
}

function gitConfig(author: { name: string; email: string }): string {
  const [name, email] = [JSON.stringify(author.name), JSON.stringify(author.email)]
  return `[user]\n\tname = ${name}\n\temail = ${email}\n[commit]\n\tgpgSign = false\n`
}
