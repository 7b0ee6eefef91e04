/** What an operator can do about an error of the system or of PostgreSQL, by its code. */
const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something listens there already: set HOST and PORT to a free address',
  EADDRNOTAVAIL: 'HOST is no address of this machine',
  ECONNREFUSED: 'does the database run, and is DATABASE_URL its address?',
  ENOTFOUND: 'is the name in DATABASE_URL right?',
  ETIMEDOUT: 'does the database run, and is DATABASE_URL its address?',
  EACCES: 'this user may not do that: another address, or another MISSION_CONTROL_DATA_DIR?',
  ENOSPC: 'the disk is full',
  '28P01': 'the user or the password in DATABASE_URL is wrong',
  '28000': 'the database does not let the user of DATABASE_URL in',
  '3D000': 'the database that DATABASE_URL names does not exist: create it first',
  '42501': 'the user of DATABASE_URL may not make tables there',
}

/** What went wrong, for the operator: a sentence where there is something to do about it, else all that is known. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const hint = 'code' in error ? HINTS[String(error.code)] : undefined
  // several addresses were tried, which have a message of their own each
  const message = error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : error.message
  return hint === undefined ? (error.stack ?? error.message) : `${message}\n${hint}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
