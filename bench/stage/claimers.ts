import { type Kysely, sql, type Transaction } from 'kysely'
import { claimableTasksFor } from '../../src/db/repositories/claims.ts'
import { lockClaimableTask } from '../../src/db/repositories/tasks.ts'
import type { Database } from '../../src/db/schema.ts'
import { claimTask } from '../../src/orchestrator/claim-task.ts'
import type { Orchestrator } from '../../src/orchestrator/orchestrator.ts'

/** Takes one task for an agent; false when there was none, or others took it first. */
export type Claimer = (agentId: number) => Promise<boolean>

/**
 * The claim that knows nothing of agents, projects and limits: the next claimable task of all that nobody holds. Rolled
 * back, so that the table stays as it is; a commit's flush would be the same for both and hide the difference.
 */
export function bareClaimer(db: Kysely<Database>): Claimer {
  return () =>
    rolledBack(db, async (trx) => {
      const { rows } = await sql<{ id: number }>`/* prepared: bare-claim */ select id from tasks
        where claimable and requested order by priority desc, id limit 1 for update skip locked`.execute(trx)
      return rows[0]?.id
    })
}

/** The statements by which our claim finds the tasks of an agent and takes one of them, rolled back like the bare one. */
export function statementClaimer(db: Kysely<Database>, now: Date): Claimer {
  return async (agentId) => {
    const [first, ...others] = await claimableTasksFor(db, agentId, now)
    if (first === undefined) return false
    const ids = [first, ...others.filter((task) => task.projectId === first.projectId)].map(({ id }) => id)
    return rolledBack(db, async (trx) => (await lockClaimableTask(trx, first.projectId, ids, now))?.id)
  }
}

/** The whole claim as the server does it, committed: session, lease, branch, context, history, jobs. */
export function wholeClaimer(orchestrator: Orchestrator): Claimer {
  return async (agentId) => {
    const [first, ...others] = await claimableTasksFor(orchestrator.db, agentId, orchestrator.clock.now())
    if (first === undefined) return false
    const ofProject = [first, ...others.filter((task) => task.projectId === first.projectId)]
    const claim = { taskIds: ofProject.map(({ id }) => id), agentId, channel: 'websocket' }
    return (await claimTask(orchestrator, claim)).ok
  }
}

async function rolledBack(
  db: Kysely<Database>,
  take: (trx: Transaction<Database>) => Promise<number | undefined>,
): Promise<boolean> {
  const trx = await db.startTransaction().execute()
  try {
    const id = await take(trx)
    if (id === undefined) return false
    await sql`/* prepared: mark-claimed */ update tasks set status = 'processing', requested = false, fence = fence + 1,
      revision = revision + 1 where id = ${id}`.execute(trx)
    return true
  } finally {
    await trx.rollback().execute()
  }
}

/** Claims a second when each of the agents claims one task after the other for `ms` milliseconds. */
export async function claimRate(claim: Claimer, agentIds: readonly number[], ms: number): Promise<number> {
  const start = performance.now()
  let claims = 0
  const work = async (agentId: number): Promise<void> => {
    while (performance.now() - start < ms) if (await claim(agentId)) claims += 1
  }
  await Promise.all(agentIds.map(work))
  return (claims * 1_000) / (performance.now() - start)
}
