import { z } from 'zod'
import { CostUsd, TokenUsage } from './usage.ts'

/**
 * The JSON file that a program run by the `command` driver may write (path in
 * `MISSION_CONTROL_USAGE_FILE`). All of it is optional: without the file the usage is unknown (zero)
 * and the outcome follows from the exit status and the commits.
 */
export const DriverReport = z.strictObject({
  tokens: TokenUsage.optional(),
  costUsd: CostUsd.optional(),
  model: z.string().max(200).optional(),
  title: z.string().max(256).optional(),
  summary: z.string().max(60_000).optional(),
  outcome: z.enum(['pull_request', 'result', 'failed', 'needs_clarification', 'out_of_credit']).optional(),
  question: z.string().max(10_000).optional(),
  resetsAt: z.iso.datetime().optional(),
})
export type DriverReport = z.infer<typeof DriverReport>
