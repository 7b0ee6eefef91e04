import { findSecrets, type SecretFinding } from '../domain/secrets.ts'
import { AddedLines } from './added-lines.ts'
import { type Git, GitError } from './run.ts'

/** What a push is compared with. Commits are null where there is none. */
export interface InspectRange {
  newSha: string
  /** The session's branch as it is published or held now. */
  publishedSha: string | null
  /** The tip of the mirror's default branch. */
  defaultSha: string | null
}

export interface ChangedPath {
  path: string
  kind: 'file' | 'symlink' | 'submodule' | 'deleted'
}

export interface PushInspection {
  /** The new commit descends from what is published; true when nothing is. */
  fastForward: boolean
  /** The new commits, newest first: those that no branch of the mirror has. */
  commits: { sha: string; message: string }[]
  /** There are more commits than were read; such a push should be refused. */
  tooManyCommits: boolean
  changed: ChangedPath[]
  secrets: (SecretFinding & { path: string })[]
}

/** Where to look: the mirror, seen through the quarantine. */
export interface InspectPlace {
  git: Git
  gitDir: string
  env: Record<string, string>
}

const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
const MAX_COMMITS = 5000
const MAX_SECRETS = 20
const MAX_OUTPUT = 64 * 1024 * 1024
const TIMEOUT_MS = 120_000

/** Gathers what the policy of pushes decides on. Constant memory, whatever the size of the pushed files. */
export async function inspectPush(place: InspectPlace, range: InspectRange): Promise<PushInspection> {
  const fastForward = range.publishedSha === null || (await descends(place, range.publishedSha, range.newSha))
  const { commits, tooManyCommits } = await readCommits(place, range)
  if (tooManyCommits) return { fastForward, commits, tooManyCommits, changed: [], secrets: [] }
  const changed = await changedPaths(place, range)
  const secrets = [...(await secretsInLines(place, range)), ...secretsInMessages(commits)].slice(
    0,
    MAX_SECRETS,
  )
  return { fastForward, commits, tooManyCommits, changed, secrets }
}

async function descends({ git, gitDir, env }: InspectPlace, ancestor: string, sha: string): Promise<boolean> {
  return (
    (await git.run(['merge-base', '--is-ancestor', ancestor, sha], { gitDir, env, allowExit: [1] })).code ===
    0
  )
}

/** The new commits as arguments of log and rev-list. */
function newCommits({ newSha, publishedSha }: InspectRange): string[] {
  return [newSha, '--not', '--branches', ...(publishedSha === null ? [] : [publishedSha])]
}

/**
 * Messages as they read, and where a commit names an encoding for its own also as their bytes stand: whoever shows the
 * commit may take either.
 */
async function readCommits(place: InspectPlace, range: InspectRange) {
  const { git, gitDir, env } = place
  const args = [
    'log',
    '-z',
    `--max-count=${MAX_COMMITS + 1}`,
    '--format=%H %e%n%B',
    ...newCommits(range),
    '--',
  ]
  const { stdout } = await git.run(args, { gitDir, env, maxOutputBytes: MAX_OUTPUT, timeoutMs: TIMEOUT_MS })
  const entries = stdout.toString().split('\0').filter(Boolean)
  const found = entries.map((entry) => {
    const end = entry.indexOf('\n')
    return { sha: entry.slice(0, 40), encoding: entry.slice(41, end), message: entry.slice(end + 1) }
  })
  const raw = await readBytes(
    place,
    found.flatMap(({ sha, encoding }) => (encoding === '' ? [] : [sha])),
  )
  const commits = found.map(({ sha, message }) => {
    const bytes = raw.get(sha)
    return { sha, message: bytes === undefined ? message : `${message}\n${bytes}` }
  })
  return { commits: commits.slice(0, MAX_COMMITS), tooManyCommits: commits.length > MAX_COMMITS }
}

/** The messages of these commits, byte for byte: `log` always reads them in the encoding that they name. */
async function readBytes({ git, gitDir, env }: InspectPlace, commits: readonly string[]) {
  const messages = new Map<string, string>()
  if (commits.length === 0) return messages
  const input = `${commits.join('\n')}\n`
  const limits = { maxOutputBytes: MAX_OUTPUT, timeoutMs: TIMEOUT_MS }
  const { stdout } = await git.run(['cat-file', '--batch'], { gitDir, env, input, ...limits })
  let at = 0
  for (const sha of commits) {
    const start = stdout.indexOf('\n', at) + 1
    const size = Number(stdout.toString('latin1', at, start).trim().split(' ')[2])
    const commit = stdout.toString('utf8', start, start + size)
    messages.set(sha, commit.slice(commit.indexOf('\n\n') + 2))
    at = start + size + 1
  }
  return messages
}

/**
 * The paths that the branch itself changes and that this push brings. Judged by the *result*, so that nothing can be
 * smuggled in through a merge commit: a path counts when the new tree differs there from a merge base with the
 * default branch, and also from the default branch's tip and from what is published (a person may have pushed to
 * the branch on GitHub; what they changed is not the agent's change).
 */
async function changedPaths(place: InspectPlace, range: InspectRange): Promise<ChangedPath[]> {
  const { newSha, publishedSha, defaultSha } = range
  const bases = defaultSha === null ? [] : await mergeBases(place, defaultSha, newSha)
  const changed = new Map<string, ChangedPath>()
  for (const base of bases.length === 0 ? [EMPTY_TREE] : bases) {
    for (const entry of await diff(place, base, newSha)) changed.set(entry.path, entry)
  }
  for (const other of [defaultSha, publishedSha]) {
    if (other === null || bases.includes(other)) continue
    const differs = new Set((await diff(place, other, newSha)).map(({ path }) => path))
    for (const path of changed.keys()) if (!differs.has(path)) changed.delete(path)
  }
  return [...changed.values()]
}

async function mergeBases({ git, gitDir, env }: InspectPlace, a: string, b: string): Promise<string[]> {
  const { stdout } = await git.run(['merge-base', '--all', a, b], { gitDir, env, allowExit: [1] })
  return stdout.toString().split('\n').filter(Boolean)
}

async function diff({ git, gitDir, env }: InspectPlace, from: string, to: string): Promise<ChangedPath[]> {
  const args = [
    'diff-tree',
    '-r',
    '-z',
    '--raw',
    '--no-renames',
    '--no-ext-diff',
    '--end-of-options',
    from,
    to,
  ]
  const { stdout } = await git.run(args, { gitDir, env, maxOutputBytes: MAX_OUTPUT, timeoutMs: TIMEOUT_MS })
  const fields = stdout.toString().split('\0')
  const changed: ChangedPath[] = []
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const mode = (fields[at] ?? '').split(' ')[1] ?? ''
    changed.push({ path: fields[at + 1] ?? '', kind: kindOf(mode) })
  }
  return changed
}

function kindOf(mode: string): ChangedPath['kind'] {
  if (mode === '000000') return 'deleted'
  if (mode === '120000') return 'symlink'
  return mode === '160000' ? 'submodule' : 'file'
}

/**
 * Secrets in any line that any new commit adds: also one that a later commit takes out again would be published.
 * `-a`: a file that pretends to be binary is read as well.
 */
async function secretsInLines({ git, gitDir, env }: InspectPlace, range: InspectRange) {
  // by place: the pieces of a file overlap
  const found = new Map<string, SecretFinding & { path: string }>()
  const lines = new AddedLines((added) => {
    for (const { rule, line: at } of findSecrets(added.text)) {
      const line = added.lineNumbers[at - 1] ?? 0
      found.set(`${rule} ${line} ${added.path}`, { rule, line, path: added.path })
    }
  })
  const how = [
    '-p',
    '-c',
    '-U0',
    '-a',
    '--no-renames',
    '--no-ext-diff',
    '--no-textconv',
    '--no-color',
    '--format=',
  ]
  await git.run(['log', ...how, '--root', ...newCommits(range), '--'], {
    gitDir,
    env,
    config: [['core.quotePath', 'false']],
    timeoutMs: TIMEOUT_MS,
    onOutput: (chunk) => {
      lines.push(chunk)
      return found.size < MAX_SECRETS
    },
  })
  lines.end()
  return [...found.values()]
}

function secretsInMessages(commits: PushInspection['commits']) {
  return commits.flatMap(({ sha, message }) =>
    findSecrets(message).map((finding) => ({ ...finding, path: `message of commit ${sha.slice(0, 10)}` })),
  )
}

/** Whether everything that `sha` needs is there: no client can publish a commit with holes in its history. */
export async function isComplete({ git, gitDir, env }: InspectPlace, sha: string): Promise<boolean> {
  try {
    const args = ['rev-list', '--objects', '--quiet', sha, '--not', '--branches', '--']
    await git.run(args, { gitDir, env, timeoutMs: TIMEOUT_MS })
    return true
  } catch (error) {
    if (error instanceof GitError && error.failure === 'exit') return false
    throw error
  }
}
