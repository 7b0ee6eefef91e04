import type { Kysely, Selectable, Updateable } from 'kysely'
import type { Database, ProjectionsTable } from '../schema.ts'

export type Projection = Selectable<ProjectionsTable>

/**
 * Takes the projection of a task for writing, made at its first use. Undefined while another process is at it;
 * after `seconds` the lock fades, so a killed process does not hold it for ever.
 */
export async function takeProjection(
  db: Kysely<Database>,
  taskId: number,
  now: Date,
  seconds: number,
): Promise<Projection | undefined> {
  await db
    .insertInto('projections')
    .values({ taskId })
    .onConflict((conflict) => conflict.column('taskId').doNothing())
    .execute()
  return db
    .updateTable('projections')
    .set({ lockedUntil: new Date(now.getTime() + seconds * 1000) })
    .where('taskId', '=', taskId)
    .where((eb) => eb.or([eb('lockedUntil', 'is', null), eb('lockedUntil', '<=', now)]))
    .returningAll()
    .executeTakeFirst()
}

/** Keeps a projection that `takeProjection` gave for `seconds` more; undefined when another process has taken it since. */
export async function renewProjection(
  db: Kysely<Database>,
  taken: Projection,
  now: Date,
  seconds: number,
): Promise<Projection | undefined> {
  return db
    .updateTable('projections')
    .set({ lockedUntil: new Date(now.getTime() + seconds * 1000) })
    .where('taskId', '=', taken.taskId)
    .where('lockedUntil', '=', taken.lockedUntil)
    .returningAll()
    .executeTakeFirst()
}

/** Gives a projection back that `takeProjection` gave; one that was taken by another process since stays theirs. */
export async function releaseProjection(db: Kysely<Database>, taken: Projection): Promise<void> {
  await db
    .updateTable('projections')
    .set({ lockedUntil: null })
    .where('taskId', '=', taken.taskId)
    .where('lockedUntil', '=', taken.lockedUntil)
    .execute()
}

export async function saveProjection(
  db: Kysely<Database>,
  taskId: number,
  changes: Omit<Updateable<ProjectionsTable>, 'taskId'>,
): Promise<void> {
  await db.updateTable('projections').set(changes).where('taskId', '=', taskId).execute()
}
