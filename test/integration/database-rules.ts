import { type Kysely, sql } from 'kysely'
import type { Database } from '../../src/db/schema.ts'

/** What must hold of the whole database at any moment. Each query answers the rows that break its rule. */
const rules = {
  'a task has at most one live session': sql`
    select task_id from sessions where status in ('dispatched', 'running') group by task_id having count(*) > 1`,
  'an agent has no more sessions than it may': sql`
    select a.id from agents a join sessions s on s.agent_id = a.id and s.status in ('dispatched', 'running')
    group by a.id having count(*) > a.max_concurrent`,
  'a project has no more sessions than it may': sql`
    select p.id from projects p join sessions s on s.project_id = p.id and s.status in ('dispatched', 'running')
    group by p.id having count(*) > (p.config #>> '{limits,concurrent_sessions}')::int`,
  'only a ready task is requested': sql`select id from tasks where requested and status <> 'ready'`,
  'a live session belongs to a task at work, or was asked to stop': sql`
    select s.id from sessions s join tasks t on t.id = s.task_id
    where s.status in ('dispatched', 'running') and t.status <> 'processing' and s.stop_requested is null`,
  'a task at work has a live session, or one that has finished its work': sql`
    select t.id from tasks t
    where t.status = 'processing' and not exists (select from sessions s where s.task_id = t.id and s.fence = t.fence
      and s.status in ('dispatched', 'running', 'completed'))`,
  'a frozen task has no live session': sql`
    select t.id from tasks t join sessions s on s.task_id = t.id and s.status in ('dispatched', 'running') where t.frozen`,
  'fences grow by one with every session': sql`
    select t.id from tasks t left join sessions s on s.task_id = t.id
    group by t.id having t.fence <> count(s.id) or t.fence <> coalesce(max(s.fence), 0)`,
  'a task costs what its ended sessions cost': sql`
    select t.id from tasks t left join sessions s on s.task_id = t.id and s.ended_at is not null
    group by t.id
    having t.tokens_used <> coalesce(sum(s.tokens_input + s.tokens_output + s.tokens_cache_read + s.tokens_cache_write), 0)
      or t.cost_micro_usd <> coalesce(sum(s.cost_micro_usd), 0)`,
  'an agent has used what its ended sessions used': sql`
    select a.id from agents a left join sessions s on s.agent_id = a.id and s.ended_at is not null
    group by a.id
    having a.tokens_used <> coalesce(sum(s.tokens_input + s.tokens_output + s.tokens_cache_read + s.tokens_cache_write), 0)
      or a.tasks_completed <> count(s.id) filter (where s.status = 'completed')`,
  'every session is claimed once and ends once in the history': sql`
    select s.id from sessions s left join session_events e on e.session_id = s.id
    group by s.id
    having count(*) filter (where e.kind = 'claimed') <> 1
      or (s.ended_at is not null) <> (count(*) filter (where e.kind in ('session_completed', 'session_failed',
        'session_timed_out', 'session_budget_spent', 'session_came_back_empty', 'session_push_refused',
        'session_lease_lost', 'session_declined', 'session_not_acknowledged', 'session_paused', 'session_cancelled')) = 1)`,
  'what a task was approved for is its text': sql`
    select id from tasks where status = 'ready' and sources_sha256 is not null and sources_sha256 <> approved_sha256`,
}

/** The names of the rules that do not hold, with the rows that break them. */
export async function brokenRules(db: Kysely<Database>): Promise<Record<string, unknown[]>> {
  const broken: Record<string, unknown[]> = {}
  for (const [name, query] of Object.entries(rules)) {
    const { rows } = await query.execute(db)
    if (rows.length > 0) broken[name] = rows
  }
  return broken
}
