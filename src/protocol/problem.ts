import { z } from 'zod'

/** RFC 9457 problem document, the body of every error of the HTTP API. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  fix: z.string().optional(),
  requestId: z.string(),
})
export type Problem = z.infer<typeof Problem>
