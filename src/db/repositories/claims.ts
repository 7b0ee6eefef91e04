import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Database } from '../schema.ts'
import { CONNECTION_SECONDS } from './connections.ts'

/** A task that could be claimed now, with what the ranking needs to know about it. */
export interface ClaimableTask {
  id: number
  projectId: number
  priority: number
  capabilities: string[]
  requestedAgent: string | null
  /** The only agent that gets the project's work, unless a task asks for another. */
  defaultAgent: string | null
  channels: string[]
  assignedAgentId: number | null
  /** Agents that have not taken it in the last minutes, in the order in which they did not. */
  passedBy: number[]
  estimatedTokens: number | null
  requested: boolean
  createdAt: Date
  liveSessionsOfProject: number
}

/** How long it counts that an agent has not taken a task. */
const PASSED_MINUTES = 10
/** The most tasks that are ranked at once. */
const WINDOW = 64
/** Up to so many lanes an agent's tasks are looked up lane by lane; beyond, in the order of all tasks. */
const NARROW_LANES = 16
/** How many of one agent's next tasks are ranked: what its projects and its history change is the order among equals. */
const OF_AGENT = 16
/** How many of a lane at least: others are after its first, too. */
const OF_LANE = 2
/** How far down the order of all tasks it is looked before every lane is asked for its first. */
const LOOK_AHEAD = 1024

/** Of the projects `p`: those that take work now. */
const isOpen = sql`p.status = 'active' and p.frozen_because is null
  and (select count(*) from sessions s where s.project_id = p.id and s.status in ('dispatched', 'running'))
    < (p.config #>> '{limits,concurrent_sessions}')::int`

/** A value as SQL sees it: a parameter, or where one was put. */
type Value = Date | RawBuilder<unknown>

/** Of the tasks `t`: asked for, claimable, due, and without a session that is still stopping. */
const isDue = (now: Value) => sql`t.claimable and t.requested and t.not_before <= ${now}
  and not exists (select from sessions s where s.task_id = t.id and s.status in ('dispatched', 'running'))`

/** Of the tasks `t`: those that ask for nobody else. Many that wait for one absent agent must not hide what is behind them. */
const isFor = (names: Value) => sql`(t.requested_agent is null or t.requested_agent in (${names}))`

const itsProject = sql`join projects p on p.id = t.project_id join lanes l on l.id = t.lane_id`

/** What the ranking asks about a task `t`. One that had no session has no history to read. */
const taskFacts = (now: Value) => sql`t.id, t.project_id, t.priority, t.requested_agent, t.assigned_agent_id,
  t.estimated_tokens, t.requested, t.created_at,
  case when t.fence = 0 then '{}' else array(select s.agent_id from sessions s
    where s.task_id = t.id and s.failure = 'refused' and s.started_at is null
      and s.ended_at > ${now}::timestamptz - make_interval(mins => ${sql.lit(PASSED_MINUTES)})
    group by s.agent_id order by max(s.ended_at)) end as passed_by`

/** What the ranking asks about the lane `l` and the project `p` of a task. */
const placeFacts = sql`l.capabilities, p.config #>> '{agents,default}' as default_agent,
  p.config #> '{dispatch,channels}' as channels,
  (select count(*) from sessions s where s.project_id = p.id and s.status in ('dispatched', 'running'))
    as live_sessions_of_project`
const samePlaceFacts = sql`l.capabilities, l.default_agent, l.channels, l.live_sessions_of_project`

/** A task that was asked for and could be claimed now; undefined when it could not. */
export async function claimableTask(
  db: Kysely<Database>,
  taskId: number,
  now: Date,
): Promise<ClaimableTask | undefined> {
  const { rows } = await sql<ClaimableTask>`
    select ${taskFacts(now)}, ${placeFacts} from tasks t ${itsProject} where t.id = ${taskId} and ${isDue(now)} and ${isOpen}`.execute(
    db,
  )
  return rows[0]
}

/**
 * Requested tasks that this agent could be given now, best first by priority and age, at most 16: its projects open
 * and below their limits, sources fresh, due. What another agent was asked for is left out. The cost does not grow with
 * the number of tasks.
 */
export async function claimableTasksFor(
  db: Kysely<Database>,
  agentId: number,
  now: Date,
): Promise<ClaimableTask[]> {
  const { rows } = await sql<ClaimableTask>`/* prepared: claimable-tasks-of-agent */
    with ${asking(agentId, now)}, lane as materialized (${lanesOfAgent})
    select t.* from (${headsOfLanes} union all ${nearTasks}) t
    order by priority desc, id limit ${sql.lit(OF_AGENT)}`.execute(db)
  return rows.length > 0 ? rows : firstOfEachLane(db, agentId, now)
}

/**
 * Who asks, and when. Hides the parameters from the planner, which would plan anew for each agent, and that takes four
 * times as long as the claim, because it believes that knowing the agent makes a better plan.
 */
const asking = (agentId: number, now: Date) => sql`asked as materialized (
  select id, name, capabilities, ${now}::timestamptz as now from agents where id = ${agentId})`
const askedNow = sql`(select now from asked)`
const askedName = sql`select name from asked`

/**
 * Lanes of the agent in projects that are open now, one more than a narrow agent has. `offset 0` makes the planner go from
 * the agent to its projects to their lanes; left alone it reads all projects and lanes there are.
 */
const lanesOfAgent = sql`
  select l.id, asked.name as agent, ${placeFacts}
  from asked join project_agents pa on pa.agent_id = asked.id and pa.status = 'approved'
    cross join lateral (select * from projects p where p.id = pa.project_id and ${isOpen} offset 0) p
    cross join lateral (
      select * from lanes l where l.project_id = p.id and l.capabilities <@ asked.capabilities offset 0) l
  limit ${sql.lit(NARROW_LANES + 1)}`

const isNarrow = sql`(select count(*) from lane) <= ${sql.lit(NARROW_LANES)}`

/**
 * Of a narrow agent: the heads of its lanes, of each its share. What was read of a lane is not joined again for each
 * task.
 */
const headsOfLanes = sql`
  (select ${taskFacts(askedNow)}, ${samePlaceFacts} from lane l cross join lateral (select t.* from tasks t
      where t.lane_id = l.id and ${isDue(askedNow)}
        and coalesce(t.requested_agent, l.default_agent, l.agent) = l.agent
      order by t.priority desc, t.id
      limit greatest(${sql.lit(OF_LANE)}, ${sql.lit(OF_AGENT)} / greatest(1, (select count(*) from lane)))) t
    where ${isNarrow} order by t.priority desc, t.id limit ${sql.lit(OF_AGENT)})`

/** Of the tasks `t`: those that the agent could be given, one after the other until there are enough. */
const ifForAgent = sql`cross join lateral (
  select ${placeFacts}
  from asked join project_agents pa on pa.project_id = t.project_id and pa.agent_id = asked.id
    join projects p on p.id = pa.project_id join lanes l on l.id = t.lane_id
  where pa.status = 'approved' and l.capabilities <@ asked.capabilities and ${isOpen}
    and coalesce(t.requested_agent, p.config #>> '{agents,default}', asked.name) = asked.name
  offset 0) l`

/** Of a broad agent: those of the next tasks of all that are for it. */
const nearTasks = sql`
  (select ${taskFacts(askedNow)}, ${samePlaceFacts} from (select t.* from tasks t
      where ${isDue(askedNow)} and ${isFor(askedName)}
      order by t.priority desc, t.id limit ${sql.lit(LOOK_AHEAD)}) t ${ifForAgent}
    where not ${isNarrow} order by t.priority desc, t.id limit ${sql.lit(OF_AGENT)})`

/** When none of the next tasks is for a broad agent: the first of each of its lanes. Its cost grows with its lanes. */
async function firstOfEachLane(db: Kysely<Database>, agentId: number, now: Date): Promise<ClaimableTask[]> {
  const { rows } = await sql<ClaimableTask>`
    with ${asking(agentId, now)}, lane as materialized (${lanesOfAgent})
    select ${taskFacts(askedNow)}, ${samePlaceFacts} from (${headOfEachLane(askedNow, askedName)}) t ${ifForAgent}
    where not ${isNarrow} order by t.priority desc, t.id limit ${sql.lit(OF_AGENT)}`.execute(db)
  return rows
}

/**
 * Requested tasks that some free agent could be given now, best first, at most 64. Tasks that wait for something else
 * must not use up the 64. For what looks at everything from time to time.
 */
export async function claimableTasks(db: Kysely<Database>, now: Date): Promise<ClaimableTask[]> {
  const from = async (tasks: RawBuilder<unknown>): Promise<ClaimableTask[]> => {
    const { rows } = await sql<ClaimableTask>`
      with free as materialized (${freeAgents})
      select ${taskFacts(now)}, ${placeFacts} from (${tasks}) t ${itsProject}
      where ${hasFreeAgent} order by t.priority desc, t.id limit ${sql.lit(WINDOW)}`.execute(db)
    return rows
  }
  const near = await from(sql`select t.* from tasks t where ${isDue(now)} and ${isFor(freeNames)}
    order by t.priority desc, t.id limit ${sql.lit(LOOK_AHEAD)}`)
  return near.length > 0 ? near : from(headOfEachLane(now, freeNames))
}

/** Connected agents with a free slot. */
const freeAgents = sql`
  select a.id, a.name, a.capabilities from agents a
  where a.removed_at is null and a.status <> 'pending_claim'
    and exists (select from agent_connections c where c.agent_id = a.id
      and c.seen_at > now() - make_interval(secs => ${sql.lit(CONNECTION_SECONDS)}))
    and (select count(*) from sessions s where s.agent_id = a.id and s.status in ('dispatched', 'running'))
      < a.max_concurrent`

const freeNames = sql`select name from free`

/** Of the tasks `t`: those that an agent of `free` could be given. */
const hasFreeAgent = sql`(
  select exists (select from free join project_agents pa on pa.agent_id = free.id and pa.project_id = p.id
    where pa.status = 'approved' and l.capabilities <@ free.capabilities
      and coalesce(t.requested_agent, p.config #>> '{agents,default}', free.name) = free.name)
  from projects p join lanes l on l.id = t.lane_id where p.id = t.project_id and ${isOpen})`

const headOfEachLane = (now: Value, names: Value) => sql`
  select t.* from lanes l cross join lateral (select t.* from tasks t
    where t.lane_id = l.id and ${isDue(now)} and ${isFor(names)} order by t.priority desc, t.id limit 1) t`
