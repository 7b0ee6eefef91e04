import { type Kysely, sql } from 'kysely'
import type { RepositoryConfig } from '../../protocol/repository-config.ts'
import type { Database } from '../schema.ts'
import { CONNECTION_SECONDS } from './connections.ts'

/** A task that could be claimed now, with what the ranking needs to know about it. */
export interface ClaimableTask {
  id: number
  projectId: number
  priority: number
  capabilities: string[]
  requestedAgent: string | null
  assignedAgentId: number | null
  /** Agents that have not taken it in the last minutes, in the order in which they did not. */
  passedBy: number[]
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

/** How long it counts that an agent has not taken a task. */
const PASSED_MINUTES = 10

/**
 * Requested tasks that are claimable now, best first, at most 64: projects open and below their limits, sources
 * fresh, due, and a free agent is there that could do them. Tasks that wait for something else must not use up
 * the 64. With `taskId` only that one, with `agentId` only those in projects that the agent is connected to.
 */
export async function claimableTasks(
  db: Kysely<Database>,
  only: { taskId?: number; agentId?: number },
  now: Date,
): Promise<ClaimableTask[]> {
  let candidates = db
    .selectFrom('tasks')
    .select('tasks.id')
    .where('tasks.status', '=', 'ready')
    .where('tasks.requested', '=', true)
    .where('tasks.frozen', '=', false)
    .where('tasks.issueOpen', '=', true)
    .whereRef('tasks.sourcesSha256', '=', 'tasks.approvedSha256')
    .where('tasks.notBefore', '<=', now)
    .where(hasFreeAgent)
    .where(hasNoSession)
    .orderBy('tasks.priority', 'desc')
    .orderBy('tasks.id')
    .limit(64)
  if (only.taskId !== undefined) candidates = candidates.where('tasks.id', '=', only.taskId)
  if (only.agentId !== undefined) {
    const agentId = only.agentId
    candidates = candidates.where('tasks.projectId', 'in', (eb) =>
      eb
        .selectFrom('projectAgents')
        .select('projectAgents.projectId')
        .where('projectAgents.agentId', '=', agentId)
        .where('projectAgents.status', '=', 'approved'),
    )
  }
  return db
    .with('candidates', () => candidates)
    .selectFrom('candidates')
    .innerJoin('tasks', 'tasks.id', 'candidates.id')
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
      passedBy(now).as('passedBy'),
    ])
    .orderBy('tasks.priority', 'desc')
    .orderBy('tasks.id')
    .execute()
}

/** Agents that declined the task or did not acknowledge it, by their last time. */
const passedBy = (now: Date) => sql<number[]>`array(
  select s.agent_id from sessions s
  where s.task_id = tasks.id and s.failure = 'refused' and s.started_at is null
    and s.ended_at > ${now}::timestamptz - make_interval(mins => ${sql.lit(PASSED_MINUTES)})
  group by s.agent_id order by max(s.ended_at))`

/** Of the agents `a` and their approvals `pa`: those that could take one more session now. */
const isFree = sql`pa.status = 'approved' and a.removed_at is null and a.status <> 'pending_claim'
  and exists (select from agent_connections c where c.agent_id = a.id
    and c.seen_at > now() - make_interval(secs => ${sql.lit(CONNECTION_SECONDS)}))
  and (select count(*) from sessions s where s.agent_id = a.id and s.status in ('dispatched', 'running'))
    < a.max_concurrent`

/** Lanes of open projects with a free agent that could do their work. Arrays: read once, for lanes are few. */
const lanesWith = (agent: ReturnType<typeof sql>) => sql`array(
  select l.id from lanes l join projects p on p.id = l.project_id
  where p.status = 'active' and p.frozen_because is null
    and (select count(*) from sessions s where s.project_id = p.id and s.status in ('dispatched', 'running'))
      < (p.config #>> '{limits,concurrent_sessions}')::int
    and exists (select from project_agents pa join agents a on a.id = pa.agent_id
      where pa.project_id = l.project_id and l.capabilities <@ a.capabilities and ${isFree} and ${agent}))`

const hasFreeAgent = sql<boolean>`case when tasks.requested_agent is null
  then tasks.lane_id = any(${lanesWith(sql`a.name = coalesce(p.config #>> '{agents,default}', a.name)`)})
  else tasks.lane_id = any(${lanesWith(sql`true`)})
    and exists (select from agents a join project_agents pa on pa.agent_id = a.id
      where a.name = tasks.requested_agent and pa.project_id = tasks.project_id and ${isFree}) end`

/** A session that is still stopping keeps its task. */
const hasNoSession = sql<boolean>`not exists (
  select from sessions s where s.task_id = tasks.id and s.status in ('dispatched', 'running'))`

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
