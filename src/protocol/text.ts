import { z } from 'zod'

/**
 * Text that somebody sends us, of at most `most` characters. NUL characters and halves of surrogate pairs are taken
 * out: Postgres stores neither in `text` nor in `jsonb`, and nobody means them.
 */
export function text(most: number): z.ZodString {
  return z
    .string()
    .max(most)
    .overwrite((value) => value.replaceAll('\0', '').toWellFormed())
}
