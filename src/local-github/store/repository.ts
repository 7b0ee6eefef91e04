import { type IdSequence, Table } from './table.ts'
import type { Users } from './user.ts'

export const roles = ['read', 'triage', 'write', 'maintain', 'admin'] as const
export type Role = (typeof roles)[number]

/** What a branch protection rule of GitHub forbids, besides rewriting and deleting the branch. */
export interface Protection {
  /** Nothing reaches the branch but through a pull request; administrators may all the same. */
  pullRequestsOnly: boolean
}

export interface Repository {
  id: number
  ownerId: number
  name: string
  description: string | null
  private: boolean
  archived: boolean
  defaultBranch: string
  /** `false`: a plan whose private repositories have no draft pull requests. */
  drafts: boolean
  mergeMethods: { merge: boolean; squash: boolean; rebase: boolean }
  deleteBranchOnMerge: boolean
  createdAt: Date
  updatedAt: Date
  pushedAt: Date
  roles: Map<number, Role>
  /** Protected branches by name. */
  protection: Map<string, Protection>
  /** The last number given to an issue or a pull request. */
  lastNumber: number
}

export type NewRepository = Omit<
  Repository,
  | 'id'
  | 'archived'
  | 'mergeMethods'
  | 'deleteBranchOnMerge'
  | 'createdAt'
  | 'updatedAt'
  | 'pushedAt'
  | 'roles'
  | 'protection'
  | 'lastNumber'
>

/** Repositories by id and by name; names given up by a rename lead on to the repository, as on GitHub. */
export class Repositories {
  readonly #table = new Table<Repository>()
  readonly #byName = new Map<string, Repository>()
  readonly #formerNames = new Map<string, number>()
  readonly #ids: IdSequence
  readonly #users: Users

  constructor(ids: IdSequence, users: Users) {
    this.#ids = ids
    this.#users = users
  }

  create(fields: NewRepository, now: Date): Repository {
    const repository: Repository = {
      ...fields,
      id: this.#ids.next(),
      archived: false,
      mergeMethods: { merge: true, squash: true, rebase: true },
      deleteBranchOnMerge: false,
      createdAt: now,
      updatedAt: now,
      pushedAt: now,
      roles: new Map([[fields.ownerId, 'admin']]),
      protection: new Map(),
      lastNumber: 0,
    }
    this.#byName.set(this.fullName(repository).toLowerCase(), repository)
    return this.#table.insert(repository)
  }

  fullName(repository: Repository): string {
    return `${this.#users.require(repository.ownerId).login}/${repository.name}`
  }

  byId(id: number): Repository | undefined {
    return this.#table.get(id)
  }

  require(id: number): Repository {
    const repository = this.#table.get(id)
    if (!repository) throw new Error(`No repository has the id ${id}.`)
    return repository
  }

  byFullName(fullName: string): Repository | undefined {
    return this.#byName.get(fullName.toLowerCase())
  }

  /** The repository that once had this name and now has another. */
  byFormerName(fullName: string): Repository | undefined {
    const id = this.#formerNames.get(fullName.toLowerCase())
    return id === undefined ? undefined : this.#table.get(id)
  }

  /** Gives the repository another name or owner; the old name leads on until somebody takes it. */
  move(repository: Repository, to: { ownerId: number; name: string }): void {
    const from = this.fullName(repository).toLowerCase()
    this.#byName.delete(from)
    this.#formerNames.set(from, repository.id)
    repository.ownerId = to.ownerId
    repository.name = to.name
    this.#byName.set(this.fullName(repository).toLowerCase(), repository)
  }

  remove(repository: Repository): void {
    this.#byName.delete(this.fullName(repository).toLowerCase())
    this.#table.delete(repository.id)
  }

  all(): Repository[] {
    return this.#table.all()
  }
}
