import { type Kysely, type Selectable, sql, type Transaction, type Updateable } from 'kysely'
import type { Database, TasksTable } from '../schema.ts'

export type Task = Selectable<TasksTable>
export type TaskChanges = Omit<
  Updateable<TasksTable>,
  'id' | 'projectId' | 'number' | 'revision' | 'sourcesAsked'
>
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
 * Locks the first of these tasks that is claimable now, or answers undefined: others are claiming them, or a gate has
 * closed since the candidates were read. Never waits, so a claim cannot take part in a deadlock.
 */
export async function lockClaimableTask(
  trx: Transaction<Database>,
  projectId: number,
  ids: readonly number[],
  now: Date,
): Promise<Task | undefined> {
  const { rows } = await sql<Task>`/* prepared: lock-claimable-task */
    select tasks.* from unnest(${[...ids]}::bigint[]) with ordinality ranked (id, rank) join tasks using (id)
    where project_id = ${projectId} and claimable and not_before <= ${now}
    order by rank limit 1 for update of tasks skip locked`.execute(trx)
  return rows[0]
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

/**
 * Writes changes and counts them in `revision`, which the projector follows. Sources that go stale are counted
 * too: what somebody is gathering at this moment comes too late.
 */
export async function updateTask(
  trx: Transaction<Database>,
  id: number,
  changes: TaskChanges,
): Promise<Task> {
  return trx
    .updateTable('tasks')
    .set({
      ...changes,
      revision: sql`revision + 1`,
      ...(changes.sourcesSha256 === null ? { sourcesAsked: sql`sources_asked + 1` } : {}),
    })
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

/** Tasks of a project that are to be frozen (the unfinished ones) or thawed (all that are frozen). */
export async function tasksToFreeze(
  db: Kysely<Database>,
  projectId: number,
  freeze: boolean,
): Promise<number[]> {
  let query = db
    .selectFrom('tasks')
    .select('id')
    .where('projectId', '=', projectId)
    .where('frozen', '=', !freeze)
    .orderBy('id')
  if (freeze) query = query.where('status', 'not in', ['done', 'cancelled'])
  return (await query.execute()).map((row) => row.id)
}

/**
 * Requested tasks whose sources nobody has gathered, although they could be: their job was lost or gave up.
 * Those in repositories without commits wait for the first push. At most `limit` ids, at random.
 */
export async function tasksToGather(db: Kysely<Database>, since: Date, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('tasks')
    .innerJoin('projects', 'projects.id', 'tasks.projectId')
    .select('tasks.id')
    .where('tasks.requested', '=', true)
    .where('tasks.sourcesSha256', 'is', null)
    .where('tasks.frozen', '=', false)
    .where('tasks.statusChangedAt', '<=', since)
    .where('projects.frozenBecause', 'is', null)
    .where((eb) =>
      eb.or([
        eb('projects.baseSha', 'is not', null),
        eb.not(
          eb.exists(
            eb
              .selectFrom('contextSources')
              .select('contextSources.kind')
              .whereRef('contextSources.taskId', '=', 'tasks.id'),
          ),
        ),
      ]),
    )
    .orderBy(sql`random()`)
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}

/** Some lane of a project, if it has any. */
export async function anyLane(trx: Transaction<Database>, projectId: number): Promise<number | undefined> {
  const lane = await trx
    .selectFrom('lanes')
    .select('id')
    .where('projectId', '=', projectId)
    .limit(1)
    .executeTakeFirst()
  return lane?.id
}

/** The lane of a set of capabilities in a project, made at its first use. Lock the task first. */
export async function laneOf(
  trx: Transaction<Database>,
  projectId: number,
  capabilities: readonly string[],
): Promise<number> {
  const sorted = [...new Set(capabilities)].sort()
  const found = await findLane()
  if (found) return found.id
  // updating the row on conflict would lock it against tasks that refer to it, and deadlock
  const made = await trx
    .insertInto('lanes')
    .values({ projectId, capabilities: sorted })
    .onConflict((conflict) => conflict.columns(['projectId', 'capabilities']).doNothing())
    .returning('id')
    .executeTakeFirst()
  const lane = made ?? (await findLane())
  if (lane === undefined) throw new Error(`the lane of project ${projectId} vanished`)
  return lane.id

  function findLane(): Promise<{ id: number } | undefined> {
    return trx
      .selectFrom('lanes')
      .select('id')
      .where('projectId', '=', projectId)
      .where('capabilities', '=', sql<string[]>`${sorted}::text[]`)
      .executeTakeFirst()
  }
}

/**
 * Tasks that GitHub does not show as they are: the projection is older than the task, or there is none. Frozen
 * ones wait for their return. At most `limit` ids, at random: some that cannot be shown must not hide the others.
 */
export async function tasksToProject(db: Kysely<Database>, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('tasks')
    .innerJoin('projects', 'projects.id', 'tasks.projectId')
    .leftJoin('projections', 'projections.taskId', 'tasks.id')
    .select('tasks.id')
    .where((eb) => eb(eb.fn.coalesce('projections.revision', eb.lit(0)), '<', eb.ref('tasks.revision')))
    .where('tasks.frozen', '=', false)
    .where('projects.frozenBecause', 'is', null)
    .orderBy(sql`random()`)
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}

/** Requested tasks of a project whose sources are not gathered: they wait, or their job is under way. */
export async function tasksWithoutSources(db: Kysely<Database>, projectId: number): Promise<number[]> {
  const rows = await db
    .selectFrom('tasks')
    .select('id')
    .where('projectId', '=', projectId)
    .where('requested', '=', true)
    .where('frozen', '=', false)
    .where('sourcesSha256', 'is', null)
    .execute()
  return rows.map((row) => row.id)
}
