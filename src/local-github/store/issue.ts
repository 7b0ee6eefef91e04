import { type IdSequence, Table } from './table.ts'

export type StateReason = 'completed' | 'not_planned' | 'duplicate' | 'reopened'

export const lockReasons = ['off-topic', 'too heated', 'resolved', 'spam'] as const
export type LockReason = (typeof lockReasons)[number]

interface MergeRecord {
  /** The commit that the merge made on the base branch. */
  sha: string
  byId: number
  at: Date
}

/** What git cannot tell about a pull request; everything else is computed from the repository. */
interface PullRequest {
  id: number
  headRef: string
  baseRef: string
  draft: boolean
  merged: MergeRecord | null
  /** Where the base branch was when it was closed or merged; `null` while it is open. */
  closedBaseSha: string | null
}

/** An issue, or the issue side of a pull request: they share numbers, comments and labels. */
export interface Issue {
  id: number
  repositoryId: number
  number: number
  title: string
  body: string | null
  authorId: number
  state: 'open' | 'closed'
  stateReason: StateReason | null
  labelIds: number[]
  assigneeIds: number[]
  createdAt: Date
  updatedAt: Date
  closedAt: Date | null
  closedById: number | null
  pull: PullRequest | null
  /** Only people with write may comment while it is locked. */
  locked: { reason: LockReason | null } | null
}

export type PullIssue = Issue & { pull: PullRequest }

export interface NewIssue {
  repositoryId: number
  number: number
  title: string
  body: string | null
  authorId: number
  pull: Omit<PullRequest, 'id'> | null
}

export function isPull(issue: Issue): issue is PullIssue {
  return issue.pull !== null
}

/** Issues and pull requests, by id and by repository and number. */
export class Issues {
  readonly #table = new Table<Issue>()
  readonly #byRepository = new Map<number, Map<number, Issue>>()
  readonly #gone = new Set<string>()
  readonly #ids: IdSequence

  constructor(ids: IdSequence) {
    this.#ids = ids
  }

  create(fields: NewIssue, now: Date): Issue {
    const issue: Issue = {
      ...fields,
      id: this.#ids.next(),
      pull: fields.pull && { ...fields.pull, id: this.#ids.next() },
      state: 'open',
      stateReason: null,
      labelIds: [],
      assigneeIds: [],
      createdAt: now,
      updatedAt: now,
      closedAt: null,
      closedById: null,
      locked: null,
    }
    this.#ofRepository(issue.repositoryId).set(issue.number, issue)
    return this.#table.insert(issue)
  }

  byId(id: number): Issue | undefined {
    return this.#table.get(id)
  }

  byNumber(repositoryId: number, number: number): Issue | undefined {
    return this.#ofRepository(repositoryId).get(number)
  }

  /** Issues and pull requests of a repository, oldest first. */
  inRepository(repositoryId: number): Issue[] {
    return [...this.#ofRepository(repositoryId).values()]
  }

  pulls(repositoryId: number): PullIssue[] {
    return this.inRepository(repositoryId).filter(isPull)
  }

  remove(issue: Issue): void {
    this.#table.delete(issue.id)
    this.#ofRepository(issue.repositoryId).delete(issue.number)
    this.#gone.add(`${issue.repositoryId}#${issue.number}`)
  }

  /** True for a number whose issue was deleted or moved away: GitHub answers 410 for those. */
  wasRemoved(repositoryId: number, number: number): boolean {
    return this.#gone.has(`${repositoryId}#${number}`)
  }

  #ofRepository(repositoryId: number): Map<number, Issue> {
    const found = this.#byRepository.get(repositoryId) ?? new Map<number, Issue>()
    this.#byRepository.set(repositoryId, found)
    return found
  }
}
