export interface RequestRecord {
  method: string
  /** Path with query, from the origin. */
  path: string
  /** `null` for a path that is no operation of GitHub's. */
  operationId: string | null
  actor: 'jwt' | 'installation' | 'user' | 'anonymous'
  /** Login of the user or of the app's bot. */
  login: string | null
  /** 0 when the connection was cut before an answer. */
  status: number
  at: Date
  contentCreating: boolean
  durationMs: number
}

const kept = 20_000

/** Adds a record; the oldest go when there are too many. */
export function remember(records: RequestRecord[], record: RequestRecord): void {
  records.push(record)
  if (records.length > kept) records.splice(0, records.length - kept)
}
