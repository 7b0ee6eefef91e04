import { type Kysely, sql } from 'kysely'
import type { Database } from '../schema.ts'

/** One socket of an agent: which replica holds it, and since when by the clock of the database. */
export interface Connection {
  agentId: number
  channel: string
  replicaId: string
  connectedAt: Date
}

/** A connection whose replica has not renewed it for this long is dead. */
export const CONNECTION_SECONDS = 45

/** The clock that all replicas share, in milliseconds: it decides which connection is the newer one. */
export async function databaseTime(db: Kysely<Database>): Promise<Date> {
  const { rows } = await sql<{
    now: Date
  }>`select date_trunc('milliseconds', clock_timestamp()) as now`.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('the database did not tell the time')
  return row.now
}

/** Records that this replica holds the agent now. An older connection is replaced; a newer one stays, whatever comes late. */
export async function saveConnection(db: Kysely<Database>, connection: Connection): Promise<void> {
  const { replicaId, connectedAt } = connection
  const seenAt = sql<Date>`now()`
  await db
    .insertInto('agentConnections')
    .values({ ...connection, seenAt })
    .onConflict((conflict) =>
      conflict
        .columns(['agentId', 'channel'])
        .doUpdateSet({ replicaId, connectedAt, seenAt })
        .where('agentConnections.connectedAt', '<=', connectedAt),
    )
    .execute()
}

/** The connection by which an agent is reached now, dead or alive. */
export async function findConnection(
  db: Kysely<Database>,
  agentId: number,
  channel: string,
): Promise<Connection | undefined> {
  return db
    .selectFrom('agentConnections')
    .select(['agentId', 'channel', 'replicaId', 'connectedAt'])
    .where('agentId', '=', agentId)
    .where('channel', '=', channel)
    .executeTakeFirst()
}

/** Forgets a connection, unless a newer one has taken its place by now. */
export async function deleteConnection(db: Kysely<Database>, connection: Connection): Promise<void> {
  await db
    .deleteFrom('agentConnections')
    .where('agentId', '=', connection.agentId)
    .where('channel', '=', connection.channel)
    .where('replicaId', '=', connection.replicaId)
    .where('connectedAt', '=', connection.connectedAt)
    .execute()
}

/** Says that these connections still live; one that was forgotten meanwhile is known again. */
export async function renewConnections(
  db: Kysely<Database>,
  connections: readonly Connection[],
): Promise<void> {
  if (connections.length === 0) return
  const seenAt = sql<Date>`now()`
  // in one order, or two replicas could deadlock
  const sorted = [...connections].sort((a, b) => a.agentId - b.agentId)
  await db
    .insertInto('agentConnections')
    .values(sorted.map((connection) => ({ ...connection, seenAt })))
    .onConflict((conflict) =>
      conflict
        .columns(['agentId', 'channel'])
        .doUpdateSet({ seenAt })
        .whereRef('agentConnections.connectedAt', '=', 'excluded.connectedAt')
        .whereRef('agentConnections.replicaId', '=', 'excluded.replicaId'),
    )
    .execute()
}

/** Forgets all that a replica held, at its orderly end. */
export async function deleteConnectionsOf(db: Kysely<Database>, replicaId: string): Promise<void> {
  await db.deleteFrom('agentConnections').where('replicaId', '=', replicaId).execute()
}

/** Forgets connections that no replica renews any more. Answers the agents. */
export async function deleteFadedConnections(db: Kysely<Database>): Promise<number[]> {
  const rows = await db
    .deleteFrom('agentConnections')
    .where('seenAt', '<=', sql<Date>`now() - make_interval(secs => ${CONNECTION_SECONDS})`)
    .returning('agentId')
    .execute()
  return rows.map((row) => row.agentId)
}
