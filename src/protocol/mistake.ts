import type { z } from 'zod'

/** The first mistake in what somebody sent: its code in the catalog, and a sentence that names the field. */
export function describeMistake(error: z.ZodError): {
  code: 'unknown_field' | 'invalid_request'
  detail: string
} {
  const issue = error.issues[0]
  const where = issue?.path.map(String).join('.')
  return {
    code: issue?.code === 'unrecognized_keys' ? 'unknown_field' : 'invalid_request',
    detail: `${where ? `${where}: ` : ''}${issue?.message ?? 'This is not what is expected here.'}`.slice(
      0,
      500,
    ),
  }
}
