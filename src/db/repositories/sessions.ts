import { type Insertable, type Kysely, type Selectable, sql, type Transaction, type Updateable } from 'kysely'
import type { Database, SessionsTable } from '../schema.ts'

export type Session = Selectable<SessionsTable>
export type NewSession = Insertable<SessionsTable>
export type SessionChanges = Omit<Updateable<SessionsTable>, 'id' | 'taskId' | 'fence'>

const LIVE = ['dispatched', 'running'] as const

export async function findSession(db: Kysely<Database>, id: number): Promise<Session | undefined> {
  return db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Reads a session and keeps others from changing it until the transaction ends. Lock its task first. */
export async function lockSession(trx: Transaction<Database>, id: number): Promise<Session | undefined> {
  return trx.selectFrom('sessions').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function insertSession(trx: Transaction<Database>, session: NewSession): Promise<Session> {
  return trx.insertInto('sessions').values(session).returningAll().executeTakeFirstOrThrow()
}

export async function updateSession(
  trx: Transaction<Database>,
  id: number,
  changes: SessionChanges,
): Promise<Session> {
  return trx
    .updateTable('sessions')
    .set(changes)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** The live session of a task, locked; at most one exists. */
export async function lockLiveSessionOfTask(
  trx: Transaction<Database>,
  taskId: number,
): Promise<Session | undefined> {
  return trx
    .selectFrom('sessions')
    .selectAll()
    .where('taskId', '=', taskId)
    .where('status', 'in', LIVE)
    .forUpdate()
    .executeTakeFirst()
}

export async function sessionsOfTask(db: Kysely<Database>, taskId: number): Promise<Session[]> {
  return db.selectFrom('sessions').selectAll().where('taskId', '=', taskId).orderBy('id').execute()
}

export async function latestSessionOfTask(
  db: Kysely<Database>,
  taskId: number,
): Promise<Session | undefined> {
  return db
    .selectFrom('sessions')
    .selectAll()
    .where('taskId', '=', taskId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

export async function liveSessionsOfAgent(db: Kysely<Database>, agentId: number): Promise<Session[]> {
  return db
    .selectFrom('sessions')
    .selectAll()
    .where('agentId', '=', agentId)
    .where('status', 'in', LIVE)
    .orderBy('id')
    .execute()
}

export async function countLiveSessions(
  db: Kysely<Database>,
  of: { projectId: number } | { agentId: number },
): Promise<number> {
  const column = 'projectId' in of ? 'projectId' : 'agentId'
  const value = 'projectId' in of ? of.projectId : of.agentId
  const row = await db
    .selectFrom('sessions')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where(column, '=', value)
    .where('status', 'in', LIVE)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** How many sessions of a task, counted back from the last one, no agent has taken. */
export async function countUntakenSessions(trx: Transaction<Database>, taskId: number): Promise<number> {
  const row = await trx
    .selectFrom('sessions')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('taskId', '=', taskId)
    .where('startedAt', 'is', null)
    .where('id', '>', (eb) =>
      eb
        .selectFrom('sessions as taken')
        .select((inner) => inner.fn.coalesce(inner.fn.max('taken.id'), sql<number>`0`).as('id'))
        .where('taken.taskId', '=', taskId)
        .where('taken.startedAt', 'is not', null),
    )
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/**
 * Live sessions that are due for the sweeper: lease, acknowledgement, stop or wall clock over. Sessions with
 * an open publish intent are left alone: what happened is asked of GitHub first.
 */
export async function dueSessions(db: Kysely<Database>, now: Date, limit: number): Promise<Session[]> {
  return db
    .selectFrom('sessions')
    .selectAll()
    .where('status', 'in', LIVE)
    .where((eb) =>
      eb.or([
        eb('leaseUntil', '<=', now),
        eb('acknowledgeBy', '<=', now),
        eb('stopBy', '<=', now),
        eb('deadline', '<=', now),
      ]),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('outboundCalls')
            .select('outboundCalls.id')
            .whereRef('outboundCalls.sessionId', '=', 'sessions.id')
            .where('outboundCalls.state', '=', 'pending')
            .where('outboundCalls.kind', '=', 'publish'),
        ),
      ),
    )
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** Moves a lease forward, never back. */
export async function extendLease(trx: Transaction<Database>, id: number, until: Date): Promise<void> {
  await trx
    .updateTable('sessions')
    .set({ leaseUntil: sql`greatest(lease_until, ${until})` })
    .where('id', '=', id)
    .execute()
}
