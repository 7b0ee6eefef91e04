import { type IdSequence, Table } from './table.ts'

export const reactionContents = [
  '+1',
  '-1',
  'laugh',
  'confused',
  'heart',
  'hooray',
  'rocket',
  'eyes',
] as const
export type ReactionContent = (typeof reactionContents)[number]

export interface ReactionSubject {
  kind: 'issue' | 'comment'
  id: number
}

export interface Reaction {
  id: number
  subject: ReactionSubject
  userId: number
  content: ReactionContent
  createdAt: Date
}

/** Reactions to issues and comments: one of each content per user. */
export class Reactions {
  readonly #table = new Table<Reaction>()
  readonly #ids: IdSequence

  constructor(ids: IdSequence) {
    this.#ids = ids
  }

  create(fields: Omit<Reaction, 'id'>): Reaction {
    return this.#table.insert({ ...fields, id: this.#ids.next() })
  }

  byId(id: number): Reaction | undefined {
    return this.#table.get(id)
  }

  of(subject: ReactionSubject): Reaction[] {
    return this.#table.filter((row) => row.subject.kind === subject.kind && row.subject.id === subject.id)
  }

  remove(reaction: Reaction): void {
    this.#table.delete(reaction.id)
  }
}
