import { type Kysely, sql } from 'kysely'
import type { Database } from '../schema.ts'
import { CONNECTION_SECONDS } from './connections.ts'

/** An agent with its load, as the ranking needs to know it. */
export interface AgentLoad {
  id: number
  name: string
  capabilities: string[]
  provider: string
  maxConcurrent: number
  liveSessions: number
  connected: boolean
  reputation: number
  tokenBudget: number | null
  lastHeartbeatAt: Date | null
}

/** All agents approved for a project, connected or not; removed and unclaimed ones left out. */
export async function agentsOfProject(db: Kysely<Database>, projectId: number): Promise<AgentLoad[]> {
  return agentLoads(db)
    .innerJoin('projectAgents', 'projectAgents.agentId', 'agents.id')
    .where('projectAgents.projectId', '=', projectId)
    .where('projectAgents.status', '=', 'approved')
    .execute()
}

/** One agent; undefined when it was removed or nobody has claimed it yet. */
export async function findAgentLoad(db: Kysely<Database>, agentId: number): Promise<AgentLoad | undefined> {
  return agentLoads(db).where('agents.id', '=', agentId).executeTakeFirst()
}

function agentLoads(db: Kysely<Database>) {
  return db
    .selectFrom('agents')
    .select((eb) => [
      'agents.id',
      'agents.name',
      'agents.capabilities',
      'agents.provider',
      'agents.maxConcurrent',
      'agents.reputation',
      'agents.tokenBudget',
      'agents.lastHeartbeatAt',
      eb
        .selectFrom('sessions')
        .select((inner) => inner.fn.countAll<number>().as('live'))
        .whereRef('sessions.agentId', '=', 'agents.id')
        .where('sessions.status', 'in', ['dispatched', 'running'])
        .$asScalar()
        .$notNull()
        .as('liveSessions'),
      eb
        .exists(
          eb
            .selectFrom('agentConnections')
            .select('agentConnections.agentId')
            .whereRef('agentConnections.agentId', '=', 'agents.id')
            .where('seenAt', '>', sql<Date>`now() - make_interval(secs => ${CONNECTION_SECONDS})`),
        )
        .$castTo<boolean>()
        .as('connected'),
    ])
    .where('agents.removedAt', 'is', null)
    .where('agents.status', '!=', 'pending_claim')
}
