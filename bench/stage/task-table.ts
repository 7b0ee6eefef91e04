import { type Kysely, sql } from 'kysely'
import { migrate } from '../../src/db/migrator.ts'
import type { Database } from '../../src/db/schema.ts'
import { RepositoryConfig } from '../../src/protocol/repository-config.ts'

/** A project for so many tasks, at least as many as a narrow agent serves. */
const TASKS_PER_PROJECT = 5_000
const CAPABILITY_SETS = 60
const CAPABILITIES = 24
/** What a narrow agent has of projects and of capabilities. */
const NARROW = { projects: 4, capabilities: 6 }
const AGENTS = 32

/** A narrow agent serves few projects with few capabilities, a broad one everything. */
export type AgentKind = 'narrow' | 'broad'

/**
 * Fills a database with `tasks` tasks, of which a tenth could be claimed, and with 32 connected agents of each kind that
 * have more slots than are measured. Deterministic but for ids.
 */
export async function fillTaskTable(db: Kysely<Database>, tasks: number): Promise<void> {
  await migrate(db)
  const projects = Math.max(NARROW.projects, tasks / TASKS_PER_PROJECT)
  const config = JSON.stringify(RepositoryConfig.parse({ limits: { concurrent_sessions: 1_000 } }))
  await sql`
    insert into installations (id, account_id, account_login) values (1, 1, 'maya');
    insert into users (github_id, login) values (1, 'maya');`.execute(db)
  await sql`
    insert into projects (github_id, installation_id, owner_login, name, private, default_branch, config, base_sha)
    select p, 1, 'maya', 'project-' || p, false, 'main', ${config}::jsonb, repeat('a', 40)
    from generate_series(1, ${projects}::int) p`.execute(db)
  await sql`
    with sets as (
      select i, array(select distinct 'skill-' || (i * 7 + k * k * 5 + k) % ${CAPABILITIES}::int
        from generate_series(1, 1 + i % 3) k order by 1) as needs
      from generate_series(1, ${CAPABILITY_SETS}::int) i)
    insert into lanes (project_id, capabilities)
    select distinct p.id, s.needs from projects p, sets s`.execute(db)
  await fillTasks(db, tasks)
  await fillAgents(db)
  await fillSessions(db)
  await sql`analyze`.execute(db)
  await sql`vacuum tasks`.execute(db)
}

async function fillTasks(db: Kysely<Database>, tasks: number): Promise<void> {
  await sql`
    with numbered as (select id, project_id, row_number() over (order by id) - 1 as n from lanes),
    made as (select g, (hashint8(g) & 2147483647) as h from generate_series(1, ${tasks}::int) g)
    insert into tasks (project_id, lane_id, number, github_issue_id, url, title, description, creator_id, creator_login,
      issue_open, issue_updated_at, priority, status, requested, approved_sha256, sources_sha256, created_at)
    select n.project_id, n.id, m.g, m.g, 'https://github.test/maya/project/issues/' || m.g, 'Task ' || m.g,
      repeat('What is to be done. ', 10), 1, 'maya', m.h % 10 < 9, now(), (m.h / 16) % 4,
      case when m.h % 10 = 0 then 'ready' when m.h % 10 = 1 then 'backlog' else 'done' end, m.h % 10 = 0,
      repeat('b', 64), repeat('b', 64), now() - make_interval(secs => m.g % 86400)
    from made m join numbered n on n.n = m.h / 64 % (select count(*) from lanes)`.execute(db)
  // every source was gathered for what was approved, so that only the status decides
  await sql`insert into context_sources (task_id, kind, reference, content, sha256, approved_sha256)
    select id, kind, '', content::jsonb, 'c', repeat('b', 64) from tasks,
      (values ('issue', '{"value": {"trusted": true}}'), ('comments', '{"value": []}'), ('base', '{"value": {"sha": null, "instructions": [], "files": []}}')) s (kind, content)
    where claimable`.execute(db)
}

async function fillAgents(db: Kysely<Database>): Promise<void> {
  await sql`
    insert into agents (name, capabilities, owner_id, provider, status, key_hash, key_prefix, max_concurrent)
    select kind || '-' || i,
      (select array_agg('skill-' || (i + c) % ${CAPABILITIES}::int) from generate_series(1,
        case kind when 'narrow' then ${NARROW.capabilities}::int else ${CAPABILITIES}::int end) c),
      (select id from users), 'command', 'available', sha256((kind || i)::bytea), 'mc_', 1000
    from generate_series(0, ${AGENTS}::int - 1) i, (values ('narrow'), ('broad')) k (kind)`.execute(db)
  await sql`
    insert into project_agents (project_id, agent_id, status, owner_may_write)
    select p.id, a.id, 'approved', true from projects p, agents a
    where a.name like 'broad-%'
      or (p.id + a.id) % (select count(*) from projects) < ${NARROW.projects}`.execute(db)
  await sql`
    insert into agent_connections (agent_id, channel, replica_id, seen_at)
    select id, 'websocket', '00000000-0000-4000-8000-000000000001', now() + interval '1 day' from agents`.execute(
    db,
  )
}

/** What one of ten finished tasks has left behind. */
async function fillSessions(db: Kysely<Database>): Promise<void> {
  await sql`
    insert into sessions (task_id, project_id, agent_id, fence, attempt, mode, channel, status, branch, base_branch,
      hold_publishing, terms, context, context_sha256, context_tokens, wall_clock_seconds, lease_until, deadline,
      created_at, started_at, ended_at)
    select id, project_id, (select min(id) from agents), 1, 1, 'new', 'websocket', 'completed', 'agent/x/' || id, 'main',
      false, '{}', repeat('What is to be done. ', 10), repeat('d', 64), 100, 3600, created_at, created_at,
      created_at, created_at, created_at + interval '10 minutes'
    from tasks where status = 'done' and id % 10 = 0`.execute(db)
}
