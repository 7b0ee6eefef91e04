import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fillTaskTable } from '../../bench/stage/task-table.ts'
import { claimableTask, claimableTasks, claimableTasksFor } from '../../src/db/repositories/claims.ts'
import { createTestDatabase, type TestDatabase } from '../harness/database.ts'

let database: TestDatabase
const now = new Date()

beforeAll(async () => {
  database = await createTestDatabase()
  await fillTaskTable(database.db, 1_000)
  // a tenth of it is claimable: make it most, then close gates here and there
  await sql`
    update tasks set status = 'ready', requested = true, issue_open = true where id % 10 < 7;
    delete from sessions where task_id % 10 < 7;
    update tasks set frozen = true where id % 17 = 0;
    update tasks set sources_sha256 = 'stale' where id % 19 = 0;
    update tasks set issue_open = false where id % 23 = 0;
    update tasks set not_before = now() + interval '1 hour' where id % 29 = 0;
    update tasks set requested_agent = 'narrow-3' where id % 13 = 0;
    update tasks set requested_agent = 'absent' where id % 31 = 0;
    update tasks set requested_agent = 'broad-1' where id % 37 = 0;
    update projects set config = jsonb_set(config, '{agents,default}', '"broad-1"') where id % 4 = 1;`.execute(
    database.db,
  )
})
afterAll(() => database.drop())

/** All that an agent could be given, by the plainest statement there is. */
async function allFor(agent: string): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select t.id from tasks t, projects p, lanes l, agents a, project_agents pa
    where p.id = t.project_id and l.id = t.lane_id and a.name = ${agent}
      and pa.agent_id = a.id and pa.project_id = p.id and pa.status = 'approved'
      and t.status = 'ready' and t.requested and not t.frozen and t.issue_open
      and t.sources_sha256 = t.approved_sha256 and t.not_before <= ${now}
      and l.capabilities <@ a.capabilities and p.status = 'active' and p.frozen_because is null
      and (select count(*) from sessions s where s.project_id = p.id and s.ended_at is null)
        < (p.config #>> '{limits,concurrent_sessions}')::int
      and not exists (select from sessions s where s.task_id = t.id and s.ended_at is null)
      and coalesce(t.requested_agent, p.config #>> '{agents,default}', a.name) = a.name
    order by t.priority desc, t.id`.execute(database.db)
  return rows.map(({ id }) => id)
}

async function idOf(agent: string): Promise<number> {
  const row = await database.db.selectFrom('agents').select('id').where('name', '=', agent)
  return (await row.executeTakeFirstOrThrow()).id
}

/** What is offered is a part of what there is, begins with its first, and is in order. */
async function expectBestOf(agent: string): Promise<number[]> {
  const all = await allFor(agent)
  const seen = (await claimableTasksFor(database.db, await idOf(agent), now)).map(({ id }) => id)
  expect(all).toEqual(expect.arrayContaining(seen))
  expect(seen).toEqual(all.filter((id) => seen.includes(id)))
  expect(seen.slice(0, 1)).toEqual(all.slice(0, 1))
  return all
}

describe('the tasks for one agent begin with the best there is and hold only what it could be given', () => {
  for (const agent of ['narrow-0', 'narrow-3', 'narrow-7', 'broad-0', 'broad-1']) {
    test(`when it is ${agent}`, async () => {
      expect((await expectBestOf(agent)).length).toBeGreaterThan(10)
    })
  }

  test('when its projects pause, are suspended, or reach their limit one after the other', async () => {
    const closings = [
      sql`update projects set status = 'paused' where id = (select max(id) from projects)`,
      sql`update projects set frozen_because = 'suspended' where id = (select max(id) - 1 from projects)`,
      sql`update projects set config = jsonb_set(config, '{limits,concurrent_sessions}', '0')
        where id = (select max(id) - 2 from projects)`,
    ]
    let before = (await allFor('broad-0')).length
    for (const closing of closings) {
      await closing.execute(database.db)
      const { length } = await expectBestOf('broad-0')
      await expectBestOf('narrow-3')
      expect(length).toBeLessThan(before)
      before = length
    }
    await sql`update projects set status = 'active', frozen_because = null,
      config = jsonb_set(config, '{limits,concurrent_sessions}', '1000')`.execute(database.db)
  })

  test('when more than it looks at stands before them in all lanes', async () => {
    await sql`update tasks set priority = 0, requested_agent = 'broad-2' where id in (
      select id from tasks where claimable and requested order by id desc limit 3)`.execute(database.db)
    await sql`insert into tasks (project_id, lane_id, number, github_issue_id, url, title, description, creator_id,
        creator_login, issue_open, issue_updated_at, priority, status, requested, requested_agent, approved_sha256, sources_sha256)
      select project_id, lane_id, number + 10000 * g, 1, url, title, description, creator_id, creator_login, true, now(),
        3, 'ready', true, 'absent', 'x', 'x' from tasks, generate_series(1, 2) g where id <= 700`.execute(
      database.db,
    )
    await expectBestOf('narrow-3')
    await expectBestOf('broad-2')
    await sql`delete from tasks where requested_agent = 'absent' and number > 10000`.execute(database.db)
  })
})

test('a look at everything finds only tasks with a free agent, best first, when most are for others', async () => {
  const free = new Set((await Promise.all(['narrow-3', 'broad-1'].map(allFor))).flat())
  await sql`update agent_connections set seen_at = now() - interval '1 hour'
    where agent_id not in (select id from agents where name in ('narrow-3', 'broad-1'))`.execute(database.db)
  const seen = (await claimableTasks(database.db, now)).map(({ id }) => id)
  expect(seen.length).toBe(Math.min(64, free.size))
  for (const id of seen) expect(free).toContain(id)
  const first = await claimableTask(database.db, seen[0] ?? 0, now)
  expect(first).toMatchObject({ id: seen[0], requested: true })
  await sql`update agent_connections set seen_at = now() - interval '1 hour'`.execute(database.db)
  expect(await claimableTasks(database.db, now)).toEqual([])
})

test('a task is not claimable when any one gate is closed', async () => {
  const [open] = await allFor('broad-0')
  const id = open ?? 0
  expect(await claimableTask(database.db, id, now)).toMatchObject({ id })
  for (const gate of [
    'frozen = true',
    'issue_open = false',
    `sources_sha256 = null`,
    `not_before = 'infinity'`,
  ]) {
    await database.db.transaction().execute(async (trx) => {
      await sql`update tasks set ${sql.raw(gate)} where id = ${id}`.execute(trx)
      expect(await claimableTask(trx, id, now), gate).toBeUndefined()
      await sql`update tasks set frozen = false, issue_open = true, sources_sha256 = approved_sha256,
        not_before = '-infinity' where id = ${id}`.execute(trx)
    })
  }
})
