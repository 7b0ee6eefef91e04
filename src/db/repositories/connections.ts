import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'

/** Which replica holds an agent's socket. */
export interface Connection {
  agentId: number
  channel: string
  replicaId: string
}

/** Records that this replica holds the agent now; an older connection is replaced. */
export async function saveConnection(db: Kysely<Database>, connection: Connection): Promise<void> {
  const now = new Date()
  await db
    .insertInto('agentConnections')
    .values({ ...connection, connectedAt: now, seenAt: now })
    .onConflict((conflict) =>
      conflict
        .columns(['agentId', 'channel'])
        .doUpdateSet({ replicaId: connection.replicaId, connectedAt: now, seenAt: now }),
    )
    .execute()
}

/** Forgets a connection, unless another replica has it by now. */
export async function deleteConnection(db: Kysely<Database>, connection: Connection): Promise<void> {
  await db
    .deleteFrom('agentConnections')
    .where('agentId', '=', connection.agentId)
    .where('channel', '=', connection.channel)
    .where('replicaId', '=', connection.replicaId)
    .execute()
}

/** Says that this replica is alive and still holds its connections. */
export async function renewConnections(db: Kysely<Database>, replicaId: string): Promise<void> {
  await db
    .updateTable('agentConnections')
    .set({ seenAt: new Date() })
    .where('replicaId', '=', replicaId)
    .execute()
}

/** Forgets all that a replica held, at its orderly end. */
export async function deleteConnectionsOf(db: Kysely<Database>, replicaId: string): Promise<void> {
  await db.deleteFrom('agentConnections').where('replicaId', '=', replicaId).execute()
}
