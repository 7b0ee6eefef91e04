import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { compareRevisions, readCommit, readLog } from './history.ts'
import { mergeInto, mergeTree, moveRef } from './merge.ts'
import { isPlainRevision, isTreePath, repositoryDirectory } from './names.ts'
import {
  type CommitInfo,
  type Comparison,
  type FileChange,
  type FileContent,
  GitHostError,
  type MergeRequest,
  type MergeResult,
  type Person,
  type TreeEntry,
} from './objects.ts'
import { createBare, exists } from './repository.ts'
import { DEFAULT_SEARCH_PATH, failure, type Git, gitIn } from './run.ts'
import { listTree } from './tree.ts'
import { writeCommit } from './write.ts'

export type {
  CommitInfo,
  Comparison,
  FileChange,
  MergeMethod,
  Person,
  TreeEntry,
} from './objects.ts'
export { GitHostError } from './objects.ts'

interface Seed {
  files: Record<string, string>
  message: string
  author: Person
  /** The default branch; `main` when left out. */
  branch?: string
}

/**
 * Real bare repositories below one directory. A revision is a branch, a tag, a full ref or an object id and
 * nothing else of git's revision language. Unknown repositories throw GitHostError `no_repository`; where an
 * answer may be null, an unknown revision or path is null.
 */
export interface GitHost {
  readonly root: string
  readonly searchPath: string
  /** Makes a repository, with one first commit when there is a seed. Throws `exists`, `bad_name`. */
  create(fullName: string, seed?: Seed): Promise<void>
  rename(from: string, to: string): Promise<void>
  remove(fullName: string): Promise<void>
  branches(fullName: string): Promise<{ name: string; sha: string }[]>
  branch(fullName: string, name: string): Promise<string | null>
  defaultBranch(fullName: string): Promise<string>
  setDefaultBranch(fullName: string, name: string): Promise<void>
  /** The commit that a revision names. */
  resolve(fullName: string, revision: string): Promise<string | null>
  /** `expectedOld` null: must not exist; undefined: any. False when the ref is elsewhere. Throws `no_revision`. */
  setRef(fullName: string, ref: string, sha: string, expectedOld?: string | null): Promise<boolean>
  /** False when there was no such ref. */
  deleteRef(fullName: string, ref: string): Promise<boolean>
  /**
   * Null content deletes. A missing branch is made from the default branch, or as a first commit. Throws
   * `ref_moved` when a push came in between, `bad_path`.
   */
  commitFiles(
    fullName: string,
    branch: string,
    change: { files: Record<string, FileContent>; message: string; author: Person },
  ): Promise<string>
  readFile(fullName: string, revision: string, file: string): Promise<Buffer | null>
  /** The entries of a directory ('' is the root), directories and files as git orders them. */
  listTree(fullName: string, revision: string, directory: string): Promise<TreeEntry[] | null>
  /** Newest first. Throws `no_revision`. */
  log(fullName: string, revision: string, limit: number, skip?: number): Promise<CommitInfo[]>
  commit(
    fullName: string,
    revision: string,
  ): Promise<(CommitInfo & { files: FileChange[]; diff: string }) | null>
  /** Throws `no_revision`. */
  compare(fullName: string, base: string, head: string): Promise<Comparison>
  mergeable(fullName: string, baseSha: string, headSha: string): Promise<'clean' | 'conflict'>
  merge(fullName: string, request: MergeRequest): Promise<MergeResult>
}

export interface GitHostOptions {
  /** Where git and sh are found; a fixed list of usual places when left out. */
  searchPath?: string
}

/** Opens the repositories below `root` (made on first use). Holds no process and nothing to close. */
export function openGitHost(root: string, options: GitHostOptions = {}): GitHost {
  const searchPath = options.searchPath ?? DEFAULT_SEARCH_PATH
  const directory = (fullName: string) => repositoryDirectory(root, fullName)
  const open = (fullName: string) => gitIn(directory(fullName), searchPath)
  return {
    root,
    searchPath,
    ...wholeRepositories(directory, open),
    ...references(open),
    ...contents(open),
    ...comparisons(open),
  }
}

type Open = (fullName: string) => Git

function wholeRepositories(directory: (fullName: string) => string, open: Open) {
  return {
    async create(fullName: string, seed?: Seed): Promise<void> {
      const branch = seed?.branch ?? 'main'
      if (!isPlainRevision(branch))
        throw new GitHostError('bad_name', `not a branch name: ${JSON.stringify(branch)}`)
      await createBare(directory(fullName), branch)
      if (seed) await writeCommit(open(fullName), branch, null, seed)
    },
    async rename(from: string, to: string): Promise<void> {
      const target = directory(to)
      if (await exists(target)) throw new GitHostError('exists', `${to} exists already`)
      if (!(await exists(directory(from)))) throw new GitHostError('no_repository', `no repository ${from}`)
      await mkdir(path.dirname(target), { recursive: true })
      await rename(directory(from), target)
    },
    async remove(fullName: string): Promise<void> {
      await rm(directory(fullName), { recursive: true, force: true })
    },
  }
}

function references(open: Open) {
  return {
    async branches(fullName: string) {
      const text = await open(fullName).read([
        'for-each-ref',
        '--format=%(objectname) %(refname)',
        'refs/heads/',
      ])
      const lines = text.split('\n').filter((line) => line !== '')
      return lines.map((line) => ({ sha: line.slice(0, 40), name: line.slice(41 + 'refs/heads/'.length) }))
    },
    branch: async (fullName: string, name: string) => resolveIn(open(fullName), `refs/heads/${name}`),
    async defaultBranch(fullName: string) {
      return (await open(fullName).read(['symbolic-ref', 'HEAD'])).trim().slice('refs/heads/'.length)
    },
    async setDefaultBranch(fullName: string, name: string) {
      if (!isPlainRevision(name))
        throw new GitHostError('bad_name', `not a branch name: ${JSON.stringify(name)}`)
      await open(fullName).read(['symbolic-ref', 'HEAD', `refs/heads/${name}`])
    },
    resolve: async (fullName: string, revision: string) => resolveIn(open(fullName), revision),
    async setRef(fullName: string, ref: string, sha: string, expectedOld?: string | null) {
      return moveRef(open(fullName), checkedRef(ref), sha, expectedOld)
    },
    async deleteRef(fullName: string, ref: string) {
      const git = open(fullName)
      const current = await git.run(['rev-parse', '--verify', '--quiet', checkedRef(ref)])
      if (current.code !== 0) return false
      await git.read(['update-ref', '--no-deref', '-d', ref])
      return true
    },
  }
}

function contents(open: Open) {
  return {
    async commitFiles(
      fullName: string,
      branch: string,
      change: { files: Record<string, FileContent>; message: string; author: Person },
    ): Promise<string> {
      const git = open(fullName)
      const ref = checkedRef(`refs/heads/${branch}`)
      const parent = (await resolveIn(git, ref)) ?? (await resolveIn(git, 'HEAD'))
      return writeCommit(git, branch, parent, change)
    },
    async readFile(fullName: string, revision: string, file: string): Promise<Buffer | null> {
      if (!isPlainRevision(revision) || !isTreePath(file)) return null
      const args = ['cat-file', 'blob', `${revision}:${file}`]
      const result = await open(fullName).run(args)
      if (result.code === 0) return result.stdout
      if (/not a git repository/.test(result.stderr)) throw failure(args, result)
      return null
    },
    listTree: async (fullName: string, revision: string, directory: string) =>
      listTree(open(fullName), revision, directory),
    async log(fullName: string, revision: string, limit: number, skip = 0): Promise<CommitInfo[]> {
      const git = open(fullName)
      const sha = await knownRevision(git, revision)
      const log = await readLog(git, [`--max-count=${limit}`, `--skip=${skip}`, sha])
      return log.map((entry) => entry.commit)
    },
    async commit(fullName: string, revision: string) {
      const git = open(fullName)
      const sha = await resolveIn(git, revision)
      return sha === null ? null : readCommit(git, sha)
    },
  }
}

function comparisons(open: Open) {
  // Two commits always merge alike, so the answer is kept; the oldest goes first.
  const known = new Map<string, 'clean' | 'conflict'>()
  return {
    async compare(fullName: string, base: string, head: string): Promise<Comparison> {
      const git = open(fullName)
      const [from, to] = await Promise.all([knownRevision(git, base), knownRevision(git, head)])
      return compareRevisions(git, from, to)
    },
    async mergeable(fullName: string, baseSha: string, headSha: string): Promise<'clean' | 'conflict'> {
      const key = `${baseSha} ${headSha}`
      const git = open(fullName)
      const kept = known.get(key)
      if (kept) return kept
      const [base, head] = await Promise.all([knownRevision(git, baseSha), knownRevision(git, headSha)])
      const verdict = (await mergeTree(git, base, head)) === null ? 'conflict' : 'clean'
      if (known.size >= 1000) for (const oldest of known.keys()) if (known.delete(oldest)) break
      if (base === baseSha && head === headSha) known.set(key, verdict)
      return verdict
    },
    async merge(fullName: string, request: MergeRequest): Promise<MergeResult> {
      const git = open(fullName)
      const base = await resolveIn(git, checkedRef(`refs/heads/${request.baseBranch}`))
      if (base === null) return { ok: false, reason: 'base_moved' }
      return mergeInto(git, base, { ...request, headSha: await knownRevision(git, request.headSha) })
    },
  }
}

async function resolveIn(git: Git, revision: string): Promise<string | null> {
  if (!isPlainRevision(revision)) return null
  const args = ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`]
  const result = await git.run(args)
  if (result.code === 0) return result.stdout.toString('utf8').trim()
  if (/not a git repository/.test(result.stderr)) throw failure(args, result)
  return null
}

async function knownRevision(git: Git, revision: string): Promise<string> {
  const sha = await resolveIn(git, revision)
  if (sha === null) throw new GitHostError('no_revision', `no revision ${JSON.stringify(revision)}`)
  return sha
}

function checkedRef(ref: string): string {
  if (!ref.startsWith('refs/') || !isPlainRevision(ref))
    throw new GitHostError('bad_name', `not a ref: ${JSON.stringify(ref)}`)
  return ref
}
