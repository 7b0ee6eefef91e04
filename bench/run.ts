import type { Case } from './case.ts'
import { type ReportRow, reportRow } from './report.ts'

/** 128 + SIGINT, as shells tell it. */
export const INTERRUPTED = 130

/** Measures one case and answers its rows. Whatever it started is ended, also when it fails or is interrupted. */
export async function runCase(
  one: Case,
  options: { say: (text: string) => void; profiles: string | null; interrupted: Promise<never> },
): Promise<ReportRow[]> {
  await using stack = new AsyncDisposableStack()
  const { say, profiles } = options
  const run = one.run({ stack, profiles, say: (text) => say(`${one.name}: ${text}`) })
  const measured = await Promise.race([run, options.interrupted])
  return one.rows.map((row) => {
    const found = measured[row.name]
    if (found === undefined) throw new Error(`${one.name} did not measure ${row.name}`)
    return reportRow(row, found)
  })
}

/** A person, or the machine, wants it to end. */
export class Interrupted extends Error {}

/** Rejects with `Interrupted` at the first SIGINT or SIGTERM, so that what runs is ended in order; a second one ends at once. */
export function interruption(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {}) // nobody may be waiting for it between two cases
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    let told = false
    process.on(signal, () => {
      if (told) process.exit(INTERRUPTED)
      told = true
      reject(new Interrupted(`interrupted by ${signal}`))
    })
  }
  return promise
}
