import { readLog } from './history.ts'
import { GitHostError, type MergeRequest, type MergeResult, type Person } from './objects.ts'
import { failure, type Git } from './run.ts'
import { cleanPerson } from './write.ts'

/** The tree of merging two commits, or null when git finds conflicts (or histories that share nothing). */
export async function mergeTree(git: Git, ours: string, theirs: string): Promise<string | null> {
  const args = ['merge-tree', '--write-tree', '--no-messages', ours, theirs]
  const result = await git.run(args)
  if (result.code === 0) return result.stdout.toString('utf8').trim()
  if (result.code === 1 || /unrelated histories/.test(result.stderr)) return null
  throw failure(args, result)
}

/**
 * Merges a commit into a branch as GitHub's three methods do and moves the branch only if it is still where
 * it was read: `base_moved` otherwise, and then nothing but unreachable objects is left.
 */
export async function mergeInto(git: Git, base: string, request: MergeRequest): Promise<MergeResult> {
  const sha = await (request.method === 'rebase' ? rebased(git, base, request) : merged(git, base, request))
  if (sha === null) return { ok: false, reason: 'conflict' }
  const moved = await moveRef(git, `refs/heads/${request.baseBranch}`, sha, base)
  return moved ? { ok: true, sha } : { ok: false, reason: 'base_moved' }
}

async function merged(git: Git, base: string, request: MergeRequest): Promise<string | null> {
  const tree = await mergeTree(git, base, request.headSha)
  if (tree === null) return null
  const parents = request.method === 'merge' ? [base, request.headSha] : [base]
  const message = request.message === '' ? request.title : `${request.title}\n\n${request.message}`
  return writeTreeCommit(git, { tree, parents, message, author: request.author, committer: request.author })
}

interface TreeCommit {
  tree: string
  parents: string[]
  message: string
  author: Person & { date?: string }
  committer: Person
}

async function writeTreeCommit(git: Git, commit: TreeCommit): Promise<string> {
  const author = cleanPerson(commit.author)
  const committer = cleanPerson(commit.committer)
  const env = {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    ...(commit.author.date === undefined ? {} : { GIT_AUTHOR_DATE: commit.author.date }),
  }
  const parents = commit.parents.flatMap((parent) => ['-p', parent])
  const input = `${commit.message}\n`
  return (await git.read(['commit-tree', commit.tree, ...parents, '-F', '-'], { env, input })).trim()
}

/**
 * Replays the commits of the head that the base has not. A commit is applied by merging it with a throwaway
 * commit that has the current tree and the replayed commit's parent, because `merge-tree --merge-base` only
 * exists since git 2.40. Commits that change nothing any more are dropped.
 */
async function rebased(git: Git, base: string, request: MergeRequest): Promise<string | null> {
  const log = await readLog(git, ['--no-merges', '--topo-order', '--reverse', `${base}..${request.headSha}`])
  let tip = base
  let tipTree = (await git.read(['rev-parse', `${base}^{tree}`])).trim()
  for (const { commit } of log) {
    const parent = commit.parents[0]
    if (parent === undefined) return null
    const committer = request.author
    const stand = { tree: tipTree, parents: [parent], message: 'rebase', author: committer, committer }
    const tree = await mergeTree(git, await writeTreeCommit(git, stand), commit.sha)
    if (tree === null) return null
    if (tree === tipTree) continue
    const { author, message } = commit
    tip = await writeTreeCommit(git, { tree, parents: [tip], message, author, committer })
    tipTree = tree
  }
  return tip
}

/**
 * Moves, makes or (with `expected`) compares-and-moves a ref: `expected` null means that it must not exist,
 * undefined that any value will do. False when the ref is elsewhere or a name stands in its way.
 */
export async function moveRef(
  git: Git,
  ref: string,
  sha: string,
  expected?: string | null,
): Promise<boolean> {
  const old = expected === undefined ? [] : [expected ?? '0'.repeat(40)]
  const args = ['update-ref', '--no-deref', ref, sha, ...old]
  const result = await git.run(args)
  if (result.code === 0) return true
  if (/but expected|already exists|unable to resolve reference|cannot create '/.test(result.stderr))
    return false
  if (/nonexistent object|not a valid SHA1/.test(result.stderr)) {
    throw new GitHostError('no_revision', `no object ${sha}`)
  }
  throw failure(args, result)
}
