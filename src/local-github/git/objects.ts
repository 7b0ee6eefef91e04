/** A person as git writes them: author or committer. */
export interface Person {
  name: string
  email: string
}

/** One commit; dates are ISO 8601 UTC with whole seconds, the message has no trailing newline. */
export interface CommitInfo {
  sha: string
  tree: string
  parents: string[]
  author: Person & { date: string }
  committer: Person & { date: string }
  message: string
}

/** One entry of a tree; `path` is from the root of the repository, `size` in bytes (blobs only). */
export interface TreeEntry {
  name: string
  path: string
  mode: string
  type: 'blob' | 'tree' | 'commit'
  sha: string
  size: number | null
}

/** One file of a comparison, with the words of GitHub's API; `patch` starts at the first hunk. */
export interface FileChange {
  path: string
  previousPath: string | null
  status: 'added' | 'modified' | 'removed' | 'renamed' | 'copied' | 'changed'
  additions: number
  deletions: number
  binary: boolean
  sha: string
  patch: string | null
}

export interface Comparison {
  mergeBase: string | null
  ahead: number
  behind: number
  /** What head has and base has not, oldest first. */
  commits: CommitInfo[]
  files: FileChange[]
  diff: string
}

export type MergeMethod = 'merge' | 'squash' | 'rebase'

export interface MergeRequest {
  baseBranch: string
  headSha: string
  method: MergeMethod
  title: string
  message: string
  author: Person
}

export type MergeResult = { ok: true; sha: string } | { ok: false; reason: 'conflict' | 'base_moved' }

/** A file's new content (text is UTF-8); null deletes it. */
export type FileContent = string | Uint8Array | null

/** Thrown when the host is asked for something that cannot be: a caller's bug, or a broken repository. */
export class GitHostError extends Error {
  readonly code:
    | 'bad_name'
    | 'bad_path'
    | 'exists'
    | 'no_repository'
    | 'no_revision'
    | 'ref_moved'
    | 'git_failed'

  constructor(code: GitHostError['code'], message: string) {
    super(message)
    this.name = 'GitHostError'
    this.code = code
  }
}

export const NO_OBJECT = '0'.repeat(40)
/** Known to every git without being stored. */
export const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
