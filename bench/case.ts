import type { Goal, Measured } from './report.ts'

/** One row of the table: what is measured, in which unit, and what is asked of it. */
export interface Row {
  name: string
  about: string
  unit: string
  /** Null: it is watched, nothing is asked. */
  goal: Goal | null
}

/** What a case is given. Whatever it starts it defers the end of to `stack`, which is unwound whatever happens. */
export interface Ground {
  readonly stack: AsyncDisposableStack
  /** Tells the person who waits what is under way. */
  say(text: string): void
  /** Where CPU profiles of the measured server go, when they were asked for. */
  readonly profiles: string | null
}

/** One set-up that is measured: one file in `cases/`, one line in the registry, one or more rows of the table. */
export interface Case<Name extends string = string> {
  readonly name: string
  readonly rows: readonly (Row & { name: Name })[]
  /** Starts what it needs, measures, and answers every row. Throws when it could not be measured. */
  run(ground: Ground): Promise<Record<Name, Measured>>
}

/** Keeps the names of the rows, so that `run` has to answer each. */
export function defineCase<const Name extends string>(one: Case<Name>): Case<Name> {
  return one
}
