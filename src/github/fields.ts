import { z } from 'zod'

/** Who did or wrote something. */
export interface Author {
  readonly id: number
  readonly login: string
  readonly bot: boolean
}

/** A time of GitHub's, as a Date. */
export const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text))

/** A `simple-user`, as an Author. */
export const author = z
  .object({ id: z.int(), login: z.string(), type: z.string() })
  .transform((answer): Author => ({ id: answer.id, login: answer.login, bot: answer.type === 'Bot' }))
