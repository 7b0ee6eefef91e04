import { isPlainRevision, isTreePath } from './names.ts'
import type { TreeEntry } from './objects.ts'
import { failure, type Git } from './run.ts'

/** The entries of one directory, or null when the revision or the directory does not exist. */
export async function listTree(git: Git, revision: string, directory: string): Promise<TreeEntry[] | null> {
  if (!isPlainRevision(revision) || (directory !== '' && !isTreePath(directory))) return null
  const args = ['ls-tree', '-z', '--long', `${revision}:${directory}`]
  const result = await git.run(args)
  if (result.code !== 0) {
    if (/not a git repository/.test(result.stderr)) throw failure(args, result)
    return null
  }
  const lines = result.stdout.toString('utf8').split('\0')
  return lines.filter((line) => line !== '').map((line) => parseEntry(line, directory))
}

function parseEntry(line: string, directory: string): TreeEntry {
  const tab = line.indexOf('\t')
  const [mode = '', type, sha = '', size = '-'] = line.slice(0, tab).split(/ +/)
  const name = line.slice(tab + 1)
  return {
    name,
    path: directory === '' ? name : `${directory}/${name}`,
    mode,
    type: type === 'tree' || type === 'commit' ? type : 'blob',
    sha,
    size: size === '-' ? null : Number(size),
  }
}
