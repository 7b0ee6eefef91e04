import { type IdSequence, Table } from './table.ts'

export type Level = 'read' | 'write'
/** Granted permissions by GitHub's names: `issues`, `pull_requests`, ... */
export type Permissions = Readonly<Record<string, Level>>

export interface Installation {
  id: number
  accountId: number
  repositoryIds: Set<number>
  permissions: Permissions
  suspendedAt: Date | null
  suspendedById: number | null
  createdAt: Date
  updatedAt: Date
}

/** Installations of the one app, at most one per account. */
export class Installations {
  readonly #table = new Table<Installation>()
  readonly #ids: IdSequence

  constructor(ids: IdSequence) {
    this.#ids = ids
  }

  create(accountId: number, permissions: Permissions, now: Date): Installation {
    return this.#table.insert({
      id: this.#ids.next(),
      accountId,
      repositoryIds: new Set(),
      permissions,
      suspendedAt: null,
      suspendedById: null,
      createdAt: now,
      updatedAt: now,
    })
  }

  byId(id: number): Installation | undefined {
    return this.#table.get(id)
  }

  ofAccount(accountId: number): Installation | undefined {
    return this.#table.find((row) => row.accountId === accountId)
  }

  ofRepository(repositoryId: number): Installation | undefined {
    return this.#table.find((row) => row.repositoryIds.has(repositoryId))
  }

  remove(installation: Installation): void {
    this.#table.delete(installation.id)
  }

  all(): Installation[] {
    return this.#table.all()
  }
}
