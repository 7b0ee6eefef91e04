import { type FileChange, GitHostError } from './objects.ts'
import type { Git } from './run.ts'

const OPTIONS = [
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--find-renames',
  '--src-prefix=a/',
  '--dst-prefix=b/',
]

export interface Diff {
  files: FileChange[]
  diff: string
}

/** The difference between two trees, or since the merge base with `['A...B']`; null when there is none. */
export async function readDiff(git: Git, revisions: readonly string[]): Promise<Diff | null> {
  const listArgs = ['diff', ...OPTIONS, '-z', '--raw', '--numstat', '--no-abbrev', ...revisions, '--']
  const [list, patch] = await Promise.all([
    git.run(listArgs),
    git.run(['diff', ...OPTIONS, '--patch', ...revisions, '--']),
  ])
  for (const result of [list, patch]) {
    if (result.code === 0) continue
    if (/no merge base/.test(result.stderr)) return null
    throw new GitHostError('git_failed', `git diff: ${result.stderr.trim()}`)
  }
  const diff = patch.stdout.toString('utf8')
  return { files: withPatches(parseList(list.stdout.toString('utf8')), diff), diff }
}

const STATUS: Record<string, FileChange['status']> = {
  A: 'added',
  M: 'modified',
  D: 'removed',
  R: 'renamed',
  C: 'copied',
  T: 'changed',
}

/** Reads `--raw --numstat -z`: first all raw records, then all counts, in the same order. */
function parseList(text: string): FileChange[] {
  const fields = text.split('\0')
  const files: FileChange[] = []
  let at = 0
  const next = () => fields[at++] ?? ''
  while (fields[at]?.startsWith(':')) {
    const [, , oldSha = '', newSha = '', letters = ''] = next().split(' ')
    const status = STATUS[letters.charAt(0)]
    if (!status) throw new GitHostError('git_failed', `git diff: unknown status ${letters}`)
    const first = next()
    const moved = status === 'renamed' || status === 'copied'
    files.push({
      path: moved ? next() : first,
      previousPath: moved ? first : null,
      status,
      additions: 0,
      deletions: 0,
      binary: false,
      sha: status === 'removed' ? oldSha : newSha,
      patch: null,
    })
  }
  for (const file of files) {
    const [added = '', deleted = '', name = ''] = next().split('\t')
    if (name === '') at += 2
    file.binary = added === '-'
    file.additions = file.binary ? 0 : Number(added)
    file.deletions = file.binary ? 0 : Number(deleted)
  }
  return files
}

/** Cuts the patch at its file headers; a changed type (file to link) is written as two of them. */
function withPatches(files: FileChange[], diff: string): FileChange[] {
  const sections = diff === '' ? [] : diff.split(/^(?=diff --git )/m)
  let at = 0
  for (const file of files) {
    const count = file.status === 'changed' ? 2 : 1
    const text = sections
      .slice(at, at + count)
      .map(hunks)
      .join('')
    at += count
    if (text !== '') file.patch = text.replace(/\n$/, '')
  }
  if (at !== sections.length)
    throw new GitHostError('git_failed', `git diff: ${files.length} files, ${sections.length} patches`)
  return files
}

function hunks(section: string): string {
  const start = section.search(/^@@ /m)
  return start < 0 ? '' : section.slice(start)
}
