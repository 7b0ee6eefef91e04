import path from 'node:path'
import { GitHostError } from './objects.ts'

const FULL_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,99})\/[A-Za-z0-9._-]{1,100}$/

/** True for `owner/repo` as GitHub allows it; nothing that passes can leave the root directory. */
export function isFullName(fullName: string): boolean {
  const repository = fullName.slice(fullName.indexOf('/') + 1)
  return FULL_NAME.test(fullName) && !/^\.{1,2}$|\.git$/i.test(repository)
}

/** The directory of a repository below the root. Throws `bad_name`. */
export function repositoryDirectory(root: string, fullName: string): string {
  if (!isFullName(fullName))
    throw new GitHostError('bad_name', `not a repository name: ${JSON.stringify(fullName)}`)
  return path.join(root, `${fullName}.git`)
}

/**
 * True for a branch, tag, full ref or object id, and for no other spelling of a revision (`a..b`, `x^`,
 * `:/text`, options): what comes from a URL must not reach git's revision language.
 */
export function isPlainRevision(revision: string): boolean {
  if (revision === '' || revision.startsWith('-') || revision.startsWith('/') || revision.endsWith('/'))
    return false
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids exactly these in ref names
  return !/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\.lock$|\.$/.test(revision)
}

/** True for a path that may stand in a tree: relative, no empty or dot segments, no `.git`. */
export function isTreePath(file: string): boolean {
  if (file === '' || file.includes('\0')) return false
  return file
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && !/^\.git$/i.test(part))
}
