import { type Kysely, sql } from 'kysely'
import type { RepositoryConfig } from '../../protocol/repository-config.ts'
import type { Database } from '../schema.ts'

/** A task that could be claimed now, with what the ranking needs to know about it. */
export interface ClaimableTask {
  id: number
  projectId: number
  priority: number
  capabilities: string[]
  requestedAgent: string | null
  assignedAgentId: number | null
  estimatedTokens: number | null
  requested: boolean
  createdAt: Date
  liveSessionsOfProject: number
  config: RepositoryConfig
}

/** An agent that could take work now, with what the ranking needs to know about it. */
export interface FreeAgent {
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

/** A connection whose replica has not renewed it for this long is dead. */
const CONNECTION_SECONDS = 45

/**
 * Requested tasks that are claimable now, best first, at most 64: projects open, sources fresh, due. With
 * `taskId` only that one, with `agentId` only those in projects that the agent is connected to.
 */
export async function claimableTasks(
  db: Kysely<Database>,
  only: { taskId?: number; agentId?: number },
  now: Date,
): Promise<ClaimableTask[]> {
  let query = db
    .selectFrom('tasks')
    .innerJoin('projects', 'projects.id', 'tasks.projectId')
    .innerJoin('lanes', 'lanes.id', 'tasks.laneId')
    .select((eb) => [
      'tasks.id',
      'tasks.projectId',
      'tasks.priority',
      'tasks.requestedAgent',
      'tasks.assignedAgentId',
      'tasks.estimatedTokens',
      'tasks.requested',
      'tasks.createdAt',
      'lanes.capabilities',
      'projects.config',
      eb
        .selectFrom('sessions')
        .select((inner) => inner.fn.countAll<number>().as('live'))
        .whereRef('sessions.projectId', '=', 'tasks.projectId')
        .where('sessions.status', 'in', ['dispatched', 'running'])
        .$asScalar()
        .$notNull()
        .as('liveSessionsOfProject'),
    ])
    .where('tasks.status', '=', 'ready')
    .where('tasks.requested', '=', true)
    .where('tasks.frozen', '=', false)
    .whereRef('tasks.sourcesSha256', '=', 'tasks.approvedSha256')
    .where('tasks.notBefore', '<=', now)
    .where('projects.status', '=', 'active')
    .where('projects.frozenBecause', 'is', null)
    .orderBy('tasks.priority', 'desc')
    .orderBy('tasks.id')
    .limit(64)
  if (only.taskId !== undefined) query = query.where('tasks.id', '=', only.taskId)
  if (only.agentId !== undefined) {
    const agentId = only.agentId
    query = query.where('tasks.projectId', 'in', (eb) =>
      eb
        .selectFrom('projectAgents')
        .select('projectAgents.projectId')
        .where('projectAgents.agentId', '=', agentId)
        .where('projectAgents.status', '=', 'approved'),
    )
  }
  return query.execute()
}

/** All agents approved for a project, connected or not, with their load; removed and unclaimed ones left out. */
export async function agentsOfProject(db: Kysely<Database>, projectId: number): Promise<FreeAgent[]> {
  return db
    .selectFrom('projectAgents')
    .innerJoin('agents', 'agents.id', 'projectAgents.agentId')
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
    .where('projectAgents.projectId', '=', projectId)
    .where('projectAgents.status', '=', 'approved')
    .where('agents.removedAt', 'is', null)
    .where('agents.status', '!=', 'pending_claim')
    .execute()
}

/** Projects that have a claimable, requested task and the agents' ids that are connected: where to look again. */
export async function tasksWaitingForAgents(
  db: Kysely<Database>,
  now: Date,
  limit: number,
): Promise<number[]> {
  const rows = await db
    .selectFrom('tasks')
    .select('tasks.id')
    .where('tasks.status', '=', 'ready')
    .where('tasks.requested', '=', true)
    .where('tasks.frozen', '=', false)
    .whereRef('tasks.sourcesSha256', '=', 'tasks.approvedSha256')
    .where('tasks.notBefore', '<=', now)
    .orderBy('tasks.priority', 'desc')
    .orderBy('tasks.id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}
