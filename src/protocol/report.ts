import { z } from 'zod'
import { text } from './text.ts'
import { CostUsd, TokenUsage, Usage } from './usage.ts'

/** Body of `POST /api/v1/tasks/:id/progress` and payload of the `progress` frame: a sign of life. */
export const ProgressReport = z.strictObject({
  message: text(2_000).nullish(),
  percent: z.int().min(0).max(100).nullish(),
  tokens: TokenUsage.nullish(),
  costUsd: CostUsd.nullish(),
  model: text(200).nullish(),
})
export type ProgressReport = z.infer<typeof ProgressReport>

/** The answer to a progress report; `stop` asks the agent to save its work, push and complete. */
export const ProgressAnswer = z.object({
  leaseUntil: z.iso.datetime(),
  stop: z.enum(['pause', 'cancel']).nullable(),
})
export type ProgressAnswer = z.infer<typeof ProgressAnswer>

/**
 * Body of `POST /api/v1/tasks/:id/complete` and payload of the `complete` frame. Idempotent: the same
 * report again gets the same answer. `stopped` is ours: the agent obeyed a stop request.
 */
export const CompletionReport = z
  .strictObject({
    outcome: z.enum(['pull_request', 'result', 'failed', 'needs_clarification', 'out_of_credit', 'stopped']),
    title: text(256).nullish(),
    summary: text(60_000),
    question: text(10_000).nullish(),
    resetsAt: z.iso.datetime().nullish(),
    /** Why it failed, when the outcome is `failed`; `error` when left out. */
    failure: z.enum(['error', 'timeout', 'budget', 'empty']).nullish(),
    usage: Usage,
  })
  .refine((report) => report.outcome !== 'needs_clarification' || Boolean(report.question), {
    message: 'a question is needed when the outcome is needs_clarification',
    path: ['question'],
  })
export type CompletionReport = z.infer<typeof CompletionReport>

export const CompletionAnswer = z.object({
  sessionStatus: z.enum(['completed', 'failed', 'paused', 'cancelled']),
  taskStatus: z.string(),
})
export type CompletionAnswer = z.infer<typeof CompletionAnswer>
