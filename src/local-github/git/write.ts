import { isTreePath } from './names.ts'
import { type FileContent, GitHostError, type Person } from './objects.ts'
import { failure, type Git } from './run.ts'

export interface Change {
  files: Record<string, FileContent>
  message: string
  author: Person
}

/**
 * Puts one commit with these files on a branch and answers its id. `parent` null makes a root commit. One
 * `git fast-import` writes blobs, trees, commit and ref; it refuses to move a ref that is no longer at an
 * ancestor of the new commit, so a racing push is never overwritten (throws `ref_moved`).
 */
export async function writeCommit(
  git: Git,
  branch: string,
  parent: string | null,
  change: Change,
): Promise<string> {
  const paths = Object.keys(change.files)
  for (const file of paths) {
    if (!isTreePath(file)) throw new GitHostError('bad_path', `not a path: ${JSON.stringify(file)}`)
  }
  const modes = parent === null ? new Map<string, string>() : await readModes(git, parent, paths)
  const parts: (string | Uint8Array)[] = [header(branch, parent, change)]
  for (const [file, content] of Object.entries(change.files)) parts.push(...fileCommand(file, content, modes))
  parts.push('get-mark :1\ndone\n')
  const input = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  const args = ['fast-import', '--quiet', '--done', '--date-format=now']
  const result = await git.run(args, { input })
  if (result.code === 0) return result.stdout.toString('utf8').trim()
  if (/not updating refs|but expected|already exists/i.test(result.stderr)) {
    throw new GitHostError('ref_moved', `refs/heads/${branch} moved meanwhile`)
  }
  throw failure(args, result)
}

function header(branch: string, parent: string | null, change: Change): string {
  const message = Buffer.byteLength(change.message)
  const from = parent === null ? '' : `from ${parent}\n`
  const who = identity(change.author)
  return `commit refs/heads/${branch}\nmark :1\nauthor ${who} now\ncommitter ${who} now\ndata ${message}\n${change.message}\n${from}`
}

/** `Name <email>` without the characters that would end it. */
function identity(person: Person): string {
  const { name, email } = cleanPerson(person)
  return `${name} <${email}>`
}

/** Git strips these itself in most commands, but not in fast-import. */
export function cleanPerson(person: Person): Person {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an identity is one line
  const clean = (text: string) => text.replace(/[<>\u0000-\u001f]/g, '').trim()
  return { name: clean(person.name) || 'unknown', email: clean(person.email) }
}

function fileCommand(
  file: string,
  content: FileContent,
  modes: Map<string, string>,
): (string | Uint8Array)[] {
  const quoted = `"${file.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
  if (content === null) return [`D ${quoted}\n`]
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return [`M ${modes.get(file) ?? '100644'} inline ${quoted}\ndata ${bytes.byteLength}\n`, bytes, '\n']
}

/** Modes of the files that exist, so that an edit keeps the executable bit. */
async function readModes(git: Git, parent: string, paths: string[]): Promise<Map<string, string>> {
  const modes = new Map<string, string>()
  if (paths.length === 0) return modes
  const text = await git.read(['--literal-pathspecs', 'ls-tree', '-z', parent, '--', ...paths])
  for (const line of text.split('\0')) {
    const [meta = '', name = ''] = line.split('\t')
    const [mode = '', type] = meta.split(' ')
    if (type === 'blob') modes.set(name, mode)
  }
  return modes
}
