import type { Git } from './run.ts'

/** The questions that a mirror answers. Each takes the path of a repository that exists. */

const QUERY_TIMEOUT_MS = 30_000

/** The commit that a revision names, or null. Revisions reach git on its input: none can be taken for an option. */
export async function resolveCommit(git: Git, gitDir: string, revision: string): Promise<string | null> {
  if (revision.includes('\n')) return null
  const input = `${revision}^{commit}\n`
  const { stdout } = await git.run(['cat-file', '--batch-check'], {
    gitDir,
    input,
    timeoutMs: QUERY_TIMEOUT_MS,
  })
  return /^([0-9a-f]{40}) commit \d+\n$/.exec(stdout.toString())?.[1] ?? null
}

/** All branches, without `refs/heads/`, with their commits. */
export async function readBranches(git: Git, gitDir: string): Promise<Map<string, string>> {
  const format = '--format=%(objectname) %(refname)'
  const { stdout } = await git.run(['for-each-ref', format, 'refs/heads'], {
    gitDir,
    timeoutMs: QUERY_TIMEOUT_MS,
  })
  const lines = stdout.toString().split('\n').filter(Boolean)
  return new Map(lines.map((line) => [line.slice(41 + 'refs/heads/'.length), line.slice(0, 40)]))
}

export async function readFile(git: Git, gitDir: string, commit: string, path: string, maxBytes: number) {
  const { stdout } = await git.run(['ls-tree', '-z', '-l', '--full-tree', commit, '--', path], { gitDir })
  for (const entry of stdout.toString().split('\0')) {
    const [facts = '', name] = entry.split('\t')
    const [mode = '', type, sha = '', size] = facts.trim().split(/ +/)
    if (name !== path || type !== 'blob' || !mode.startsWith('100')) continue
    if (Number(size) > maxBytes) return null
    return (await git.run(['cat-file', 'blob', sha], { gitDir, maxOutputBytes: maxBytes + 1 })).stdout
  }
  return null
}

export async function listFiles(git: Git, gitDir: string, commit: string, limit: number): Promise<string[]> {
  const paths: string[] = []
  let open = ''
  await git.run(['ls-tree', '-r', '-z', '--full-tree', commit], {
    gitDir,
    onOutput: (chunk) => {
      const entries = (open + chunk.toString('latin1')).split('\0')
      open = entries.pop() ?? ''
      const files = entries.filter((entry) => !entry.startsWith('160000'))
      paths.push(
        ...files.map((entry) => Buffer.from(entry.slice(entry.indexOf('\t') + 1), 'latin1').toString()),
      )
      return paths.length < limit
    },
  })
  return paths.slice(0, limit)
}

/** Which files of a commit, each with the most bytes that are read of it, and how many paths. */
export interface Wanted {
  files: readonly { path: string; maxBytes: number }[]
  paths: number
}

/** What was read of a commit: the wanted files in their order, null for those that are not there or too large. */
export interface Snapshot {
  readonly files: readonly (Buffer | null)[]
  readonly paths: readonly string[]
}

/** Reads all that is wanted of a commit at once. Throws `GitError` when the commit is not there. */
export async function readSnapshot(
  git: Git,
  gitDir: string,
  commit: string,
  wanted: Wanted,
): Promise<Snapshot> {
  const [paths, ...files] = await Promise.all([
    listFiles(git, gitDir, commit, wanted.paths),
    ...wanted.files.map(({ path, maxBytes }) => readFile(git, gitDir, commit, path, maxBytes)),
  ])
  return { paths, files }
}

/** About how much memory a snapshot takes: two bytes a letter at most, and a header for each text. */
export function snapshotBytes({ files, paths }: Snapshot): number {
  const held = files.reduce((sum, file) => sum + (file?.length ?? 0), 0)
  return paths.reduce((sum, path) => sum + 2 * path.length + 24, held)
}

/** Whether one commit descends from the other, or is the same. Throws when either is not there. */
export async function isAncestor(
  git: Git,
  gitDir: string,
  ancestor: string,
  descendant: string,
): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', ancestor, descendant]
  return (await git.run(args, { gitDir, allowExit: [1], timeoutMs: QUERY_TIMEOUT_MS })).code === 0
}
