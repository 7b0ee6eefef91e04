/** Rows of one aggregate by numeric id, in insertion order. */
export class Table<Row extends { id: number }> {
  readonly #rows = new Map<number, Row>()

  insert(row: Row): Row {
    this.#rows.set(row.id, row)
    return row
  }

  get(id: number): Row | undefined {
    return this.#rows.get(id)
  }

  delete(id: number): boolean {
    return this.#rows.delete(id)
  }

  all(): Row[] {
    return [...this.#rows.values()]
  }

  filter(keep: (row: Row) => boolean): Row[] {
    return this.all().filter(keep)
  }

  find(match: (row: Row) => boolean): Row | undefined {
    for (const row of this.#rows.values()) if (match(row)) return row
    return undefined
  }
}

/** Ids of all kinds come from one rising sequence, so that a mix-up of two kinds never matches by luck. */
export class IdSequence {
  #last = 1_000

  next(): number {
    this.#last += 1
    return this.#last
  }
}

/** GitHub's opaque node id of a row: `I_`, `PR_`, `U_`, ... and the id. */
export function nodeId(prefix: string, id: number): string {
  return `${prefix}_${Buffer.from(`local:${id}`).toString('base64url')}`
}
