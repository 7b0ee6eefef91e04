/** What the cases of the tables refer to: made once, left as it is. */
export interface Facts {
  installationId: number
  suspendedId: number
  /** Tip of `main`. */
  main: string
  /** Tip of `topic`, one commit ahead of `main`. */
  topic: string
  /** The repository that the app is not installed on. */
  stoneId: number
  /** A comment by the owner. */
  commentId: number
}

export const callers = [
  'owner',
  'maintainer',
  'writer',
  'triager',
  'reader',
  'outsider',
  'nobody',
  'stranger',
  'app',
  'expired',
  'suspended',
  'removed',
  'narrow',
  'issues read',
  'issues write',
  'contents read',
  'jwt',
  'jwt over',
  'jwt too long',
  'jwt from the future',
  'jwt of another app',
  'jwt without issuer',
  'jwt without expiry',
  'jwt unsigned',
  'jwt HS256',
  'jwt by another key',
] as const
export type Caller = (typeof callers)[number]

export type Given<Value> = Value | ((facts: Facts) => Value)

/** A wrong request and how GitHub refuses it, exactly. */
export interface Wrong {
  name: string
  /** `owner` when left out. */
  as?: Caller
  method?: string
  path: Given<string>
  /** JSON, or text that is sent as it is. */
  body?: Given<object | string>
  status: number
  /** `Validation Failed` when left out. */
  message?: string
  errors?: object[]
  /** The page of the operation when left out. */
  docs?: string
}

export const demo = '/repos/octo/demo'
/** Where GitHub sends those whose credentials are wrong. */
export const rest = 'https://docs.github.com/rest'
export const long = (length: number) => 'x'.repeat(length)
export const notAccessible = { status: 403, message: 'Resource not accessible by integration' } as const
export const needsAdmin = { status: 403, message: 'Must have admin rights to Repository.' } as const
export const absent = { status: 404, message: 'Not Found' } as const
