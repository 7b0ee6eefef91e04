import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Logger } from '../runtime/logger.ts'
import type { Database } from './schema.ts'

const CONNECT_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 30_000

/** A pool of connections and the typed queries over it. */
export interface OpenDatabase {
  readonly pool: pg.Pool
  readonly db: Kysely<Database>
  /** Waits for the queries under way, then closes every connection. Twice is allowed. */
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** The most connections that are open at once; 10 unless told. */
  max?: number
  /** Shown in pg_stat_activity. */
  applicationName?: string
  /** Told about idle connections that the server closes; the pool replaces them by itself. */
  logger?: Pick<Logger, 'warn'>
  /** False behind a transaction pooler: a prepared statement lives in one connection of the server. */
  prepare?: boolean
}

/**
 * Opens a pool on a PostgreSQL address. Nothing is connected before the first query.
 *
 * `bigint` columns arrive as numbers (a value beyond 2^53 - 1 throws), `timestamptz` as `Date`, and
 * `date` as `YYYY-MM-DD`, because a `Date` of it would depend on this machine's time zone.
 */
export function openDatabase(url: string, options: DatabaseOptions = {}): OpenDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 10,
    application_name: options.applicationName ?? 'mission-control',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: columnTypes(),
    ...(options.prepare === false ? {} : { Client: PreparingClient }),
  })
  // without a listener an idle connection that dies would end the process
  pool.on('error', (error) => options.logger?.warn({ err: error }, 'an idle database connection was lost'))
  // nor may one that dies in a transaction, between two statements: the next statement tells whoever uses it
  pool.on('connect', (client) => client.on('error', () => undefined))
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  })
  let closing: Promise<void> | null = null
  return {
    pool,
    db,
    close() {
      closing ??= db.destroy().then(() => (pool.ended ? undefined : pool.end()))
      return closing
    },
  }
}

const PREPARED = /\/\* prepared: ([a-z-]+) \*\//

/**
 * Plans statements that begin with a comment like `prepared: some-name` once per connection. Only those: a plan for all values
 * cannot use a partial index whose condition is a parameter.
 */
class PreparingClient extends pg.Client {
  // pg's overloads cannot be told by their first argument: what is no plain text goes through as it is
  override query = ((first: unknown, values?: unknown, ...rest: unknown[]) => {
    const name = typeof first === 'string' ? PREPARED.exec(first)?.[1] : undefined
    const send = super.query as (...args: unknown[]) => unknown
    if (name === undefined) return send.call(this, first, values, ...rest)
    return send.call(this, { name, text: first, values }, ...rest)
  }) as pg.Client['query']
}

/** Reads an int8 as a number; throws where a number could not hold it exactly. */
export function parseBigint(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} is beyond 2^53 - 1`)
  return value
}

function columnTypes(): pg.CustomTypesConfig {
  const { INT8, DATE } = pg.types.builtins
  const types = new pg.TypeOverrides()
  types.setTypeParser(INT8, parseBigint)
  const parseStrings = types.getTypeParser(TEXT_ARRAY) as unknown as (text: string) => (string | null)[]
  types.setTypeParser(INT8_ARRAY, (text) =>
    parseStrings(text).map((item) => (item === null ? null : parseBigint(item))),
  )
  types.setTypeParser(DATE, (text) => text)
  return types
}

/** https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
const INT8_ARRAY = 1016
const TEXT_ARRAY = 1009
