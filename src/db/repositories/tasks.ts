import { type Kysely, type Selectable, sql, type Transaction, type Updateable } from 'kysely'
import type { Database, TasksTable } from '../schema.ts'

export type Task = Selectable<TasksTable>
export type TaskChanges = Omit<Updateable<TasksTable>, 'id' | 'projectId' | 'number' | 'revision'>
/** What a new task is made of; all else has defaults. */
export type NewTask = Pick<
  Task,
  | 'projectId'
  | 'laneId'
  | 'number'
  | 'githubIssueId'
  | 'url'
  | 'title'
  | 'description'
  | 'creatorId'
  | 'creatorLogin'
  | 'issueOpen'
  | 'issueUpdatedAt'
  | 'tags'
  | 'priority'
  | 'requestedAgent'
  | 'estimatedTokens'
>

export async function findTask(db: Kysely<Database>, id: number): Promise<Task | undefined> {
  return db.selectFrom('tasks').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function findTaskByNumber(
  db: Kysely<Database>,
  projectId: number,
  number: number,
): Promise<Task | undefined> {
  return db
    .selectFrom('tasks')
    .selectAll()
    .where('projectId', '=', projectId)
    .where('number', '=', number)
    .executeTakeFirst()
}

export async function findTaskByBranch(
  db: Kysely<Database>,
  projectId: number,
  branch: string,
): Promise<Task | undefined> {
  return db
    .selectFrom('tasks')
    .selectAll()
    .where('projectId', '=', projectId)
    .where('branch', '=', branch)
    .executeTakeFirst()
}

export async function findTaskByPullRequest(
  db: Kysely<Database>,
  projectId: number,
  number: number,
): Promise<Task | undefined> {
  return db
    .selectFrom('tasks')
    .selectAll()
    .where('projectId', '=', projectId)
    .where('pullRequestNumber', '=', number)
    .executeTakeFirst()
}

/** Reads a task and keeps others from changing it until the transaction ends. */
export async function lockTask(trx: Transaction<Database>, id: number): Promise<Task | undefined> {
  return trx.selectFrom('tasks').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

/**
 * Locks a task that is claimable now, or answers undefined: somebody else is claiming it, or a gate has
 * closed since the candidates were read. Never waits, so a claim cannot take part in a deadlock.
 */
export async function lockClaimableTask(
  trx: Transaction<Database>,
  id: number,
  now: Date,
): Promise<Task | undefined> {
  return trx
    .selectFrom('tasks')
    .selectAll()
    .where('id', '=', id)
    .where('status', '=', 'ready')
    .where('frozen', '=', false)
    .where('notBefore', '<=', now)
    .whereRef('sourcesSha256', '=', 'approvedSha256')
    .forUpdate()
    .skipLocked()
    .executeTakeFirst()
}

/** Makes the task of an issue; answers undefined when it exists already. */
export async function insertTask(trx: Transaction<Database>, task: NewTask): Promise<Task | undefined> {
  return trx
    .insertInto('tasks')
    .values(task)
    .onConflict((conflict) => conflict.columns(['projectId', 'number']).doNothing())
    .returningAll()
    .executeTakeFirst()
}

/** Writes changes and counts them in `revision`, which the projector follows. */
export async function updateTask(
  trx: Transaction<Database>,
  id: number,
  changes: TaskChanges,
): Promise<Task> {
  return trx
    .updateTable('tasks')
    .set({ ...changes, revision: sql`revision + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Adds what an ended session used to its task's sums. */
export async function addTaskUse(
  trx: Transaction<Database>,
  id: number,
  use: { tokens: number; costMicroUsd: number },
): Promise<void> {
  await trx
    .updateTable('tasks')
    .set((eb) => ({
      tokensUsed: eb('tokensUsed', '+', use.tokens),
      costMicroUsd: eb('costMicroUsd', '+', use.costMicroUsd),
      revision: eb('revision', '+', 1),
    }))
    .where('id', '=', id)
    .execute()
}

/** Tasks whose wake time has come, at most `limit`. */
export async function tasksToWake(db: Kysely<Database>, now: Date, limit: number): Promise<Task[]> {
  return db
    .selectFrom('tasks')
    .selectAll()
    .where('wakeAt', '<=', now)
    .orderBy('wakeAt')
    .limit(limit)
    .execute()
}

/** Unfinished tasks of a project; done and cancelled ones are left out. */
export async function openTasksOfProject(db: Kysely<Database>, projectId: number): Promise<Task[]> {
  return db
    .selectFrom('tasks')
    .selectAll()
    .where('projectId', '=', projectId)
    .where('status', 'not in', ['done', 'cancelled'])
    .execute()
}

/** The lane of a set of capabilities in a project, made at its first use. */
export async function laneOf(
  trx: Transaction<Database>,
  projectId: number,
  capabilities: readonly string[],
): Promise<number> {
  const sorted = [...new Set(capabilities)].sort()
  const found = await trx
    .selectFrom('lanes')
    .select('id')
    .where('projectId', '=', projectId)
    .where('capabilities', '=', sql<string[]>`${sorted}::text[]`)
    .executeTakeFirst()
  if (found) return found.id
  const made = await trx
    .insertInto('lanes')
    .values({ projectId, capabilities: sorted })
    .onConflict((conflict) =>
      conflict.columns(['projectId', 'capabilities']).doUpdateSet((set) => ({
        capabilities: set.ref('excluded.capabilities'),
      })),
    )
    .returning('id')
    .executeTakeFirstOrThrow()
  return made.id
}

/** Tasks that GitHub does not show as they are: the projection is older than the task. At most `limit` ids. */
export async function tasksToProject(db: Kysely<Database>, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('tasks')
    .innerJoin('projections', 'projections.taskId', 'tasks.id')
    .select('tasks.id')
    .whereRef('projections.revision', '<', 'tasks.revision')
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}
