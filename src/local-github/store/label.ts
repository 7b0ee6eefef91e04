import { type IdSequence, Table } from './table.ts'

export interface Label {
  id: number
  repositoryId: number
  name: string
  color: string
  description: string | null
  default: boolean
}

/** The labels of repositories; names are compared without case. */
export class Labels {
  readonly #table = new Table<Label>()
  readonly #ids: IdSequence

  constructor(ids: IdSequence) {
    this.#ids = ids
  }

  create(fields: Omit<Label, 'id'>): Label {
    return this.#table.insert({ ...fields, id: this.#ids.next() })
  }

  require(id: number): Label {
    const label = this.#table.get(id)
    if (!label) throw new Error(`No label has the id ${id}.`)
    return label
  }

  byName(repositoryId: number, name: string): Label | undefined {
    const wanted = name.toLowerCase()
    return this.#table.find(
      (label) => label.repositoryId === repositoryId && label.name.toLowerCase() === wanted,
    )
  }

  inRepository(repositoryId: number): Label[] {
    return this.#table.filter((label) => label.repositoryId === repositoryId)
  }

  remove(label: Label): void {
    this.#table.delete(label.id)
  }
}
