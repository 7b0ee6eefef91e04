import type { Kysely, Selectable, Transaction } from 'kysely'
import type { Database, SessionEventsTable } from '../schema.ts'

export type SessionEvent = Selectable<SessionEventsTable>

/** Appends to the history of a task; nothing is ever changed in it. */
export async function appendEvent(
  trx: Transaction<Database>,
  event: { taskId: number; sessionId?: number | null; kind: string; detail?: Record<string, unknown> },
): Promise<void> {
  await trx
    .insertInto('sessionEvents')
    .values({
      taskId: event.taskId,
      sessionId: event.sessionId ?? null,
      kind: event.kind,
      detail: JSON.stringify(event.detail ?? {}),
    })
    .execute()
}

/** The newest event of one kind in the history of a task. */
export async function lastEventOfKind(
  db: Kysely<Database>,
  taskId: number,
  kind: string,
): Promise<SessionEvent | undefined> {
  return db
    .selectFrom('sessionEvents')
    .selectAll()
    .where('taskId', '=', taskId)
    .where('kind', '=', kind)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** The newest events of a task, oldest first. */
export async function lastEvents(
  db: Kysely<Database>,
  taskId: number,
  limit: number,
): Promise<SessionEvent[]> {
  const rows = await db
    .selectFrom('sessionEvents')
    .selectAll()
    .where('taskId', '=', taskId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.reverse()
}
