import { type Kysely, type Selectable, sql } from 'kysely'
import type { Database, HeldBranchesTable } from '../schema.ts'

export type HeldBranch = Selectable<HeldBranchesTable>

/** Keeps commits that wait for approval; a later push of the same task replaces them. */
export async function saveHeldBranch(
  db: Kysely<Database>,
  held: Omit<HeldBranch, 'createdAt'>,
): Promise<void> {
  const { taskId, ...rest } = held
  await db
    .insertInto('heldBranches')
    .values(held)
    .onConflict((conflict) => conflict.column('taskId').doUpdateSet(rest))
    .execute()
}

export async function findHeldBranch(db: Kysely<Database>, taskId: number): Promise<HeldBranch | undefined> {
  return db.selectFrom('heldBranches').selectAll().where('taskId', '=', taskId).executeTakeFirst()
}

/** Tasks in review whose held commits, exactly these, a person has approved: they are to be published. */
export async function heldToPublish(db: Kysely<Database>, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('heldBranches')
    .innerJoin('tasks', 'tasks.id', 'heldBranches.taskId')
    .innerJoin('projects', 'projects.id', 'tasks.projectId')
    .select('tasks.id')
    .where('tasks.status', '=', 'review')
    .where('tasks.frozen', '=', false)
    .where('projects.frozenBecause', 'is', null)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('sessionEvents')
          .select('sessionEvents.id')
          .whereRef('sessionEvents.taskId', '=', 'tasks.id')
          .where('sessionEvents.kind', '=', 'publishing_approved')
          .where(sql<boolean>`session_events.detail ->> 'sha' = held_branches.head_sha`),
      ),
    )
    .orderBy('tasks.id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}

export async function deleteHeldBranch(db: Kysely<Database>, taskId: number): Promise<void> {
  await db.deleteFrom('heldBranches').where('taskId', '=', taskId).execute()
}
