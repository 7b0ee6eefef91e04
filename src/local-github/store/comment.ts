import { type IdSequence, Table } from './table.ts'

export interface Comment {
  id: number
  repositoryId: number
  issueId: number
  authorId: number
  body: string
  createdAt: Date
  updatedAt: Date
}

/** Comments on issues and pull requests. */
export class Comments {
  readonly #table = new Table<Comment>()
  readonly #byIssue = new Map<number, Comment[]>()
  readonly #ids: IdSequence

  constructor(ids: IdSequence) {
    this.#ids = ids
  }

  create(fields: Pick<Comment, 'repositoryId' | 'issueId' | 'authorId' | 'body'>, now: Date): Comment {
    const comment = this.#table.insert({ ...fields, id: this.#ids.next(), createdAt: now, updatedAt: now })
    this.#byIssue.set(comment.issueId, [...this.ofIssue(comment.issueId), comment])
    return comment
  }

  byId(id: number): Comment | undefined {
    return this.#table.get(id)
  }

  /** Oldest first. */
  ofIssue(issueId: number): readonly Comment[] {
    return this.#byIssue.get(issueId) ?? []
  }

  inRepository(repositoryId: number): Comment[] {
    return this.#table.filter((comment) => comment.repositoryId === repositoryId)
  }

  remove(comment: Comment): void {
    this.#table.delete(comment.id)
    this.#byIssue.set(
      comment.issueId,
      this.ofIssue(comment.issueId).filter((other) => other.id !== comment.id),
    )
  }
}
