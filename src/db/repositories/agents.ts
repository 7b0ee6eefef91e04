import { type Insertable, type Kysely, type Selectable, sql, type Transaction, type Updateable } from 'kysely'
import type { AgentsTable, Database, UsersTable } from '../schema.ts'

export type Agent = Selectable<AgentsTable>
export type User = Selectable<UsersTable>

/** The agent with this key hash; removed agents have no key. */
export async function findAgentByKey(db: Kysely<Database>, keyHash: Buffer): Promise<Agent | undefined> {
  return db
    .selectFrom('agents')
    .selectAll()
    .where('keyHash', '=', keyHash)
    .where('removedAt', 'is', null)
    .executeTakeFirst()
}

export async function findAgent(db: Kysely<Database>, id: number): Promise<Agent | undefined> {
  return db.selectFrom('agents').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Locks an agent against other claims of its slots. */
export async function lockAgent(trx: Transaction<Database>, id: number): Promise<Agent | undefined> {
  return trx.selectFrom('agents').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
}

/** Makes an agent; answers undefined when the name is taken. */
export async function insertAgent(
  trx: Transaction<Database>,
  agent: Insertable<AgentsTable>,
): Promise<Agent | undefined> {
  return trx
    .insertInto('agents')
    .values(agent)
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst()
}

export async function updateAgent(
  db: Kysely<Database>,
  id: number,
  changes: Omit<Updateable<AgentsTable>, 'id'>,
): Promise<void> {
  await db.updateTable('agents').set(changes).where('id', '=', id).execute()
}

/** Derives an agent's status from what is: offline without a connection, busy without a free slot, else available. */
export async function refreshAgentStatus(trx: Transaction<Database>, id: number): Promise<void> {
  await sql`
    update agents set status = case
      when not exists (select from agent_connections c where c.agent_id = agents.id) then 'offline'
      when (select count(*) from sessions s where s.agent_id = agents.id and s.status in ('dispatched', 'running'))
        >= max_concurrent then 'busy'
      else 'available' end
    where id = ${id} and status <> 'pending_claim'`.execute(trx)
}

/** Adds what an ended session used to its agent's sums. */
export async function addAgentUse(
  trx: Transaction<Database>,
  id: number,
  use: { tokens: number; tasksCompleted: number },
): Promise<void> {
  await trx
    .updateTable('agents')
    .set((eb) => ({
      tokensUsed: eb('tokensUsed', '+', use.tokens),
      tasksCompleted: eb('tasksCompleted', '+', use.tasksCompleted),
    }))
    .where('id', '=', id)
    .execute()
}

/** The user with this GitHub id, made or renamed. */
export async function ensureUser(
  trx: Transaction<Database>,
  user: { githubId: number; login: string },
): Promise<User> {
  return trx
    .insertInto('users')
    .values(user)
    .onConflict((conflict) => conflict.column('githubId').doUpdateSet({ login: user.login }))
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Connects an agent to a project with approval. */
export async function connectAgentToProject(
  trx: Transaction<Database>,
  connection: { projectId: number; agentId: number; ownerMayWrite: boolean; approvedBy: number | null },
): Promise<void> {
  await trx
    .insertInto('projectAgents')
    .values({ ...connection, status: 'approved' })
    .onConflict((conflict) =>
      conflict.columns(['projectId', 'agentId']).doUpdateSet({
        status: 'approved',
        ownerMayWrite: connection.ownerMayWrite,
        approvedBy: connection.approvedBy,
      }),
    )
    .execute()
}

/** The approved connection of an agent with a project. */
export async function findProjectAgent(
  db: Kysely<Database>,
  projectId: number,
  agentId: number,
): Promise<{ ownerMayWrite: boolean } | undefined> {
  return db
    .selectFrom('projectAgents')
    .select('ownerMayWrite')
    .where('projectId', '=', projectId)
    .where('agentId', '=', agentId)
    .where('status', '=', 'approved')
    .executeTakeFirst()
}
