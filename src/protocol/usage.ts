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

/** US dollars on the wire, as agents know them; stored as integer micro-USD (`toMicroUsd`). */
export const CostUsd = z.number().min(0).max(1_000_000)

/** What a session has spent: totals since its start. */
export const Usage = z.strictObject({
  tokens: TokenUsage,
  costUsd: CostUsd.nullish(),
  model: z.string().max(200).nullish(),
})
export type Usage = z.infer<typeof Usage>

/** Converts US dollars to integer micro-USD, rounding up: a cost is never understated. */
export function toMicroUsd(costUsd: number): number {
  return Math.ceil(Math.round(costUsd * 1e9) / 1e3)
}
