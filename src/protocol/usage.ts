import { z } from 'zod'

/** A count of model tokens: a whole number, never negative. */
const tokenCount = z.int().min(0).max(Number.MAX_SAFE_INTEGER)

/** Tokens spent by a session so far. Totals, not differences: a lost report is healed by the next one. */
export const TokenUsage = z.strictObject({
  input: tokenCount.default(0),
  output: tokenCount.default(0),
  cacheRead: tokenCount.default(0),
  cacheWrite: tokenCount.default(0),
})
export type TokenUsage = z.infer<typeof TokenUsage>

const MOST_USD = 1_000_000
const LONGEST_MODEL = 200

/** US dollars on the wire, as agents know them; stored as integer micro-USD (`toMicroUsd`). */
export const CostUsd = z.number().min(0).max(MOST_USD)

/** What a session has spent: totals since its start. */
export const Usage = z.strictObject({
  tokens: TokenUsage,
  costUsd: CostUsd.nullish(),
  model: z.string().max(LONGEST_MODEL).nullish(),
})
export type Usage = z.infer<typeof Usage>

/**
 * What a program told of its spending, within what a report may hold: a number out of all reason must not make the
 * whole report one that the server refuses.
 */
export function reportableUsage({ tokens, costUsd, model }: Usage): Usage {
  const count = (told: number) => Math.min(Math.max(Math.trunc(told) || 0, 0), Number.MAX_SAFE_INTEGER)
  return {
    tokens: {
      input: count(tokens.input),
      output: count(tokens.output),
      cacheRead: count(tokens.cacheRead),
      cacheWrite: count(tokens.cacheWrite),
    },
    costUsd: costUsd == null ? costUsd : Math.min(Math.max(costUsd || 0, 0), MOST_USD),
    model: model?.slice(0, LONGEST_MODEL).toWellFormed() ?? null,
  }
}

/** Converts US dollars to integer micro-USD, rounding up: a cost is never understated. */
export function toMicroUsd(costUsd: number): number {
  return Math.ceil(Math.round(costUsd * 1e9) / 1e3)
}
