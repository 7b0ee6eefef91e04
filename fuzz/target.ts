/**
 * Something that takes bytes from outside. `run` returns when all that is promised of it held for these bytes, and
 * throws when something did not; refusals that the code declares are no failures.
 */
export interface Target {
  readonly name: string
  /** What it promises, a phrase each. */
  readonly promises: readonly string[]
  /** Words of its language, for the mutator. */
  readonly words: readonly string[]
  run(bytes: Uint8Array): void | Promise<void>
  /** Ends what the target keeps open between runs. */
  close?(): Promise<void>
}

/** A promise did not hold. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

/** Throws `BrokenPromise` when `holds` is false. */
export function promised(holds: boolean, what: string): asserts holds {
  if (!holds) throw new BrokenPromise(what)
}

/** Throws `BrokenPromise` when two values differ as JSON. */
export function same(one: unknown, other: unknown, what: string): void {
  const [a, b] = [JSON.stringify(one), JSON.stringify(other)]
  if (a !== b) throw new BrokenPromise(`${what}: ${a?.slice(0, 300)} is not ${b?.slice(0, 300)}`)
}

/** Throws `BrokenPromise` when something reached the prototype that all objects share. */
export function cleanPrototypes(): void {
  const keys = [...Object.keys(Object.prototype), ...Object.keys(Array.prototype)]
  if (keys.length > 0) throw new BrokenPromise(`Object.prototype got ${keys.join(', ')}`)
}
