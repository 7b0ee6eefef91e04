import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { Database, OutboundCallsTable } from '../schema.ts'

export type OutboundCall = Selectable<OutboundCallsTable>

export interface NewOutboundCall {
  installationId: number
  projectId: number
  taskId?: number | null
  sessionId?: number | null
  kind: string
  /** Names the thing that the call makes; a second intent with the same kind and key is refused. */
  key?: string | null
  createsContent: boolean
  intent?: Record<string, unknown>
  leaseUntil?: Date | null
  /** `done` for a call that nobody has to follow up: it is only counted. */
  state?: 'pending' | 'done'
}

/** Writes the intent of a call. Undefined when one with this kind and key exists: find and follow that. */
export async function insertOutboundCall(
  db: Kysely<Database>,
  call: NewOutboundCall,
): Promise<OutboundCall | undefined> {
  return db
    .insertInto('outboundCalls')
    .values({
      installationId: call.installationId,
      projectId: call.projectId,
      taskId: call.taskId ?? null,
      sessionId: call.sessionId ?? null,
      kind: call.kind,
      key: call.key ?? null,
      createsContent: call.createsContent,
      intent: JSON.stringify(call.intent ?? {}),
      leaseUntil: call.leaseUntil ?? null,
      ...(call.state === undefined ? {} : { state: call.state }),
    })
    .onConflict((conflict) => conflict.columns(['kind', 'key']).where('key', 'is not', null).doNothing())
    .returningAll()
    .executeTakeFirst()
}

export async function findOutboundCall(
  db: Kysely<Database>,
  by: { id: number } | { kind: string; key: string },
): Promise<OutboundCall | undefined> {
  const query = db.selectFrom('outboundCalls').selectAll()
  if ('id' in by) return query.where('id', '=', by.id).executeTakeFirst()
  return query.where('kind', '=', by.kind).where('key', '=', by.key).executeTakeFirst()
}

/** Locks a pending call so that one process follows it up. */
export async function lockOutboundCall(
  trx: Transaction<Database>,
  id: number,
): Promise<OutboundCall | undefined> {
  return trx.selectFrom('outboundCalls').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

/**
 * Takes a pending call for a process that is about to make it, for so many seconds. Undefined while another one has it: two
 * that look at the same time would both find nothing, and both make it.
 */
export async function takeOutboundCall(
  db: Kysely<Database>,
  id: number,
  seconds: number,
): Promise<OutboundCall | undefined> {
  return db
    .updateTable('outboundCalls')
    .set({ leaseUntil: leaseOf(seconds) })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where((eb) => eb.or([eb('leaseUntil', 'is', null), eb('leaseUntil', '<=', sql<Date>`now()`)]))
    .returningAll()
    .executeTakeFirst()
}

/** Gives a taken call back that came to nothing, or nobody knows to what: the next one looks at once. */
export async function releaseOutboundCall(db: Kysely<Database>, taken: OutboundCall): Promise<void> {
  await db
    .updateTable('outboundCalls')
    .set({ leaseUntil: null })
    .where('id', '=', taken.id)
    .where('leaseUntil', '=', taken.leaseUntil)
    .execute()
}

/** By the database's clock: replicas' clocks differ. */
const leaseOf = (seconds: number) =>
  sql<Date>`date_trunc('milliseconds', now() + make_interval(secs => ${seconds}))`

export async function finishOutboundCall(
  db: Kysely<Database>,
  id: number,
  state: 'done' | 'failed',
  outcome: Record<string, unknown>,
): Promise<void> {
  await db
    .updateTable('outboundCalls')
    .set({ state, outcome: JSON.stringify(outcome), finishedAt: new Date() })
    .where('id', '=', id)
    .execute()
}

/** The pull request of a task is there, however that became known: nobody has to follow up what was to open it. */
export async function finishPullRequestCalls(
  trx: Transaction<Database>,
  taskId: number,
  number: number,
): Promise<void> {
  await trx
    .updateTable('outboundCalls')
    .set({ state: 'done', outcome: JSON.stringify({ number, found: true }), finishedAt: new Date() })
    .where('taskId', '=', taskId)
    .where('kind', '=', 'pull_request')
    .where('state', '=', 'pending')
    .execute()
}

/** True while nobody knows yet what became of a push of this session, or of any session of this task. Lock it first. */
export async function hasOpenPublish(
  trx: Transaction<Database>,
  of: { sessionId: number } | { taskId: number },
): Promise<boolean> {
  const [column, id] =
    'taskId' in of ? (['taskId', of.taskId] as const) : (['sessionId', of.sessionId] as const)
  const open = await trx
    .selectFrom('outboundCalls')
    .select('id')
    .where(column, '=', id)
    .where('state', '=', 'pending')
    .where('kind', '=', 'publish')
    .limit(1)
    .executeTakeFirst()
  return open !== undefined
}

/** True when a later push of the same task was published or held: it tells where the branch stands. */
export async function wasPublishedSince(trx: Transaction<Database>, call: OutboundCall): Promise<boolean> {
  const later = await trx
    .selectFrom('outboundCalls')
    .select('id')
    .where('taskId', '=', call.taskId)
    .where('kind', '=', 'publish')
    .where('state', '=', 'done')
    .where('id', '>', call.id)
    .limit(1)
    .executeTakeFirst()
  return later !== undefined
}

/** Open publish intents whose lease ends by a time: their process is slow, or it died. */
export async function openPublishes(
  db: Kysely<Database>,
  leaseUntil: Date,
  limit: number,
): Promise<OutboundCall[]> {
  return db
    .selectFrom('outboundCalls')
    .selectAll()
    .where('state', '=', 'pending')
    .where('kind', '=', 'publish')
    .where('leaseUntil', '<=', leaseUntil)
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** Content-creating calls of an installation in the last minute and hour, failed ones included. */
export async function contentCallCounts(
  db: Kysely<Database>,
  installationId: number,
): Promise<{ minute: number; hour: number }> {
  const row = await db
    .selectFrom('outboundCalls')
    .select((eb) => [
      eb.fn.countAll<number>().as('hour'),
      eb.fn
        .countAll<number>()
        .filterWhere('createdAt', '>', sql<Date>`now() - interval '1 minute'`)
        .as('minute'),
    ])
    .where('installationId', '=', installationId)
    .where('createsContent', '=', true)
    .where('createdAt', '>', sql<Date>`now() - interval '1 hour'`)
    .executeTakeFirstOrThrow()
  return { minute: Number(row.minute), hour: Number(row.hour) }
}

/** Tasks at work whose session is over and whose pull request was not opened yet. */
export async function pullRequestsToOpen(db: Kysely<Database>, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('tasks')
    .select('tasks.id')
    .where('status', '=', 'processing')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('sessions')
            .select('sessions.id')
            .whereRef('sessions.taskId', '=', 'tasks.id')
            .where('sessions.status', 'in', ['dispatched', 'running']),
        ),
      ),
    )
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}
