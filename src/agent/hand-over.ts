import { lstat, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { redactSecrets } from '../domain/secrets.ts'
import { withoutInvisible } from '../domain/visible-text.ts'
import type { Git } from './git.ts'
import type { Workspace } from './workspace.ts'
import { commitStaged } from './worktree.ts'

type HandOver = { issue: number; title: string; summary: string | null; files: readonly string[] }
type HandOverResult = { written: boolean; reason: string | null }

const MOST_FILES = 50
const LONGEST_SUMMARY = 8_000

/** True when a context file has the section of this issue already. */
export function hasSection(markdown: string, issue: number): boolean {
  return new RegExp(`^## +#${issue}(?![0-9])`, 'm').test(markdown)
}

/** The section of one issue; the same input gives the same bytes. */
export function renderSection(input: HandOver): string {
  const text = redactSecrets(withoutInvisible(input.summary ?? input.title)).trim()
  // A heading in the text must not look like the section of another issue.
  const body = text.slice(0, LONGEST_SUMMARY).replace(/^(\s{0,3})#{1,2}(?=\s)/gm, '$1###')
  const shown = input.files.slice(0, MOST_FILES).map((file) => `- \`${file}\``)
  const more = input.files.length - shown.length
  if (more > 0) shown.push(`- and ${more} more`)
  return [`## #${input.issue}`, '', body, '', 'Files changed:', '', ...shown, ''].join('\n')
}

/**
 * Appends the section of the task to the context file and commits it, when the program has not written one.
 * A context file that is reached through a link is left alone: it could be a file outside of the repository.
 */
export async function writeHandOver(
  git: Git,
  workspace: Workspace,
  file: string,
  input: Omit<HandOver, 'files'>,
  signal: AbortSignal,
): Promise<HandOverResult> {
  const path = normalize(file)
  if (path.startsWith('/') || path.split('/').includes('..'))
    return refused(`${file} is not inside the repository`)
  const link = await firstLink(workspace.repo, path)
  if (link !== null) return refused(`${link} is a link`)
  const target = join(workspace.repo, path)
  const before = await readIfThere(target)
  if (hasSection(before, input.issue)) return { written: false, reason: null }
  const call = { directory: workspace.repo, signal }
  const out = await git.read(['diff', '--name-only', '-z', `${workspace.base}...HEAD`], call)
  const section = renderSection({ ...input, files: out.split('\0').filter((name) => name !== '') })
  await mkdir(dirname(target), { recursive: true })
  const gap = before === '' || before.endsWith('\n\n') ? '' : before.endsWith('\n') ? '\n' : '\n\n'
  await writeFile(target, `${before}${gap}${section}`)
  await git.read(['add', '--force', '--', `:(top,literal)${path}`], call)
  await commitStaged(git, call, `Record what was done in ${path}\n`)
  return { written: true, reason: null }
}

function refused(reason: string): HandOverResult {
  return { written: false, reason: `the context file was not written: ${reason}` }
}

async function firstLink(repo: string, path: string): Promise<string | null> {
  const parts = path.split('/')
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const part = parts.slice(0, depth).join('/')
    const found = await lstat(join(repo, part)).catch(absent)
    if (found === null) return null
    if (found.isSymbolicLink()) return part
  }
  return null
}

async function readIfThere(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(absent)) ?? ''
}

function absent(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
  throw error
}
