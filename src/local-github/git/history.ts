import { readDiff } from './diff.ts'
import { type CommitInfo, type Comparison, EMPTY_TREE, type FileChange, GitHostError } from './objects.ts'
import { failure, type Git } from './run.ts'

const FIELDS = ['%m', '%H', '%T', '%P', '%an', '%ae', '%at', '%cn', '%ce', '%ct', '%B']
// Every field ends with a NUL, which neither names nor messages can contain.
const FORMAT = `--format=tformat:${FIELDS.map((field) => `${field}%x00`).join('')}`

interface MarkedCommit {
  side: string
  commit: CommitInfo
}

/** The commits that `git log` lists for these arguments. */
export async function readLog(git: Git, args: readonly string[]): Promise<MarkedCommit[]> {
  const text = await git.read(['log', '--no-color', FORMAT, ...args, '--'])
  const fields = text.split('\0')
  const commits: MarkedCommit[] = []
  for (let at = 0; at + FIELDS.length <= fields.length; at += FIELDS.length) {
    commits.push(parseCommit(fields.slice(at, at + FIELDS.length)))
  }
  return commits
}

function parseCommit(fields: string[]): MarkedCommit {
  const [
    side = '',
    sha = '',
    tree = '',
    parents = '',
    an = '',
    ae = '',
    at = '',
    cn = '',
    ce = '',
    ct = '',
    message = '',
  ] = fields
  return {
    side: side.trim(),
    commit: {
      sha,
      tree,
      parents: parents === '' ? [] : parents.split(' '),
      author: { name: an, email: ae, date: utc(at) },
      committer: { name: cn, email: ce, date: utc(ct) },
      message: message.replace(/\n+$/, ''),
    },
  }
}

function utc(seconds: string): string {
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z')
}

/** One commit with what it changed against its first parent. */
export async function readCommit(
  git: Git,
  sha: string,
): Promise<CommitInfo & { files: FileChange[]; diff: string }> {
  const [first] = await readLog(git, ['--max-count=1', sha])
  if (!first) throw new GitHostError('no_revision', `no commit ${sha}`)
  const diff = await readDiff(git, [first.commit.parents[0] ?? EMPTY_TREE, sha])
  return { ...first.commit, files: diff?.files ?? [], diff: diff?.diff ?? '' }
}

/**
 * What `head` has that `base` has not, as GitHub's compare: commits by reachability, files since the merge
 * base. Histories that share nothing are compared tree against tree. Throws `no_revision`.
 */
export async function compareRevisions(git: Git, base: string, head: string): Promise<Comparison> {
  const range = `${base}...${head}`
  const [mergeBase, marked, sinceBase] = await Promise.all([
    findMergeBase(git, base, head),
    readLog(git, ['--left-right', '--topo-order', '--reverse', range]),
    readDiff(git, [range]),
  ])
  const diff = sinceBase ?? (await readDiff(git, [base, head]))
  const commits = marked.filter((entry) => entry.side === '>').map((entry) => entry.commit)
  return {
    mergeBase,
    ahead: commits.length,
    behind: marked.length - commits.length,
    commits,
    files: diff?.files ?? [],
    diff: diff?.diff ?? '',
  }
}

async function findMergeBase(git: Git, base: string, head: string): Promise<string | null> {
  const args = ['merge-base', base, head]
  const result = await git.run(args)
  if (result.code === 0) return result.stdout.toString('utf8').trim()
  if (result.code === 1) return null
  throw failure(args, result)
}
