import { z } from 'zod'

const taskId = z.int().positive()

/**
 * Every kind of job: the schema of its payload and how it is repeated. Payloads carry ids, never secrets and
 * never assignments. `retryDelay` in seconds, doubled each time up to 5 minutes.
 */
export const jobCatalog = {
  'gather-sources': { payload: z.object({ taskId }), retryLimit: 8, retryDelay: 2, concurrency: 4 },
  'project-task': { payload: z.object({ taskId }), retryLimit: 20, retryDelay: 2, concurrency: 4 },
  'open-pull-request': { payload: z.object({ taskId }), retryLimit: 20, retryDelay: 2, concurrency: 2 },
  'publish-held': { payload: z.object({ taskId }), retryLimit: 8, retryDelay: 2, concurrency: 1 },
  dispatch: {
    payload: z.object({ taskId: taskId.optional(), agentId: z.int().positive().optional() }),
    retryLimit: 2,
    retryDelay: 1,
    concurrency: 4,
  },
  'answer-comment': {
    payload: z.object({
      projectId: z.int().positive(),
      number: z.int().positive(),
      commentId: z.int().positive().nullable(),
      reaction: z.enum(['+1', '-1', 'eyes', 'confused']).nullable(),
      body: z.string().max(60_000).nullable(),
      /** Names this answer, so that a repeated job posts it once. */
      key: z.string().max(200),
    }),
    retryLimit: 8,
    retryDelay: 2,
    concurrency: 2,
  },
} as const satisfies Record<
  string,
  { payload: z.ZodType<object>; retryLimit: number; retryDelay: number; concurrency: number }
>

export type JobKind = keyof typeof jobCatalog
export type JobPayload<Kind extends JobKind> = z.infer<(typeof jobCatalog)[Kind]['payload']>
export const jobKinds = Object.keys(jobCatalog) as JobKind[]
