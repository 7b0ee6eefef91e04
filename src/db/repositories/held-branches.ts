import type { Kysely, Selectable } from 'kysely'
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

export async function deleteHeldBranch(db: Kysely<Database>, taskId: number): Promise<void> {
  await db.deleteFrom('heldBranches').where('taskId', '=', taskId).execute()
}
