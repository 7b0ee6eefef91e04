import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Agent } from '../../src/db/repositories/agents.ts'
import type { Project } from '../../src/db/repositories/projects.ts'
import { lastEvents } from '../../src/db/repositories/session-events.ts'
import { updateSession } from '../../src/db/repositories/sessions.ts'
import { GitHubError } from '../../src/github/error.ts'
import type { JobContext } from '../../src/jobs/context.ts'
import { settlePublishes } from '../../src/jobs/reconcilers/publishes.ts'
import { acceptSession, declineSession } from '../../src/orchestrator/acknowledge-session.ts'
import { changeTask } from '../../src/orchestrator/change-task.ts'
import { completeSession } from '../../src/orchestrator/complete-session.ts'
import { freezeTask } from '../../src/orchestrator/freeze.ts'
import type { Orchestrator } from '../../src/orchestrator/orchestrator.ts'
import { beginPublish, finishPublish } from '../../src/orchestrator/publish-commits.ts'
import { reportProgress } from '../../src/orchestrator/report-progress.ts'
import { sweepSessions } from '../../src/orchestrator/sweep-sessions.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { type Core, createCore, report } from './core.ts'
import { expectInvariants } from './invariants.ts'

const SHA = 'c'.repeat(40)
const NEWER = 'd'.repeat(40)
let core: Core
let project: Project
let agent: Agent

beforeAll(async () => {
  core = await createCore()
  project = await core.project({ limits: { session_minutes: 10, concurrent_sessions: 100, max_attempts: 9 } })
  agent = await core.agent(project, { maxConcurrent: 100 })
})
afterAll(() => core.drop())
// what earlier tests left at work is over
beforeEach(async () => {
  core.clock.advance(1000)
  await sweepSessions(core.orchestrator)
})

const push = (branch: string, newSha = SHA) => ({ branch, oldSha: null, newSha, commits: 1 })

describe('an expired lease', () => {
  test('is refused for progress, completion and publishing, before and after the sweeper comes', async () => {
    const { task, session } = await core.atWork(project, agent)
    core.clock.advance(121)
    for (const code of ['lease_lost', 'session_ended']) {
      const refused = { ok: false, code }
      expect(await reportProgress(core.orchestrator, session.id, {})).toMatchObject(refused)
      expect(await completeSession(core.orchestrator, session.id, report('result'))).toMatchObject(refused)
      expect(await beginPublish(core.orchestrator, session.id, push(session.branch))).toMatchObject(refused)
      expect(await acceptSession(core.orchestrator, session.id)).toMatchObject(refused)
      await sweepSessions(core.orchestrator)
    }
    expect(await core.session(session.id)).toMatchObject({ status: 'failed', failure: 'lost' })
    expect(await core.task(task.id)).toMatchObject({ status: 'ready', requested: true, attempts: 1 })
  })

  test('is kept away by any sign of life', async () => {
    const { session } = await core.atWork(project, agent)
    for (let minute = 0; minute < 5; minute += 1) {
      core.clock.advance(100)
      expect(await reportProgress(core.orchestrator, session.id, {})).toMatchObject({ ok: true })
      await sweepSessions(core.orchestrator)
    }
    expect((await core.session(session.id)).status).toBe('running')
  })

  test('ends a session once when two replicas sweep at the same time', async () => {
    const made = await Promise.all([1, 2, 3].map(() => core.atWork(project, agent)))
    core.clock.advance(121)
    const other: Orchestrator = { ...core.orchestrator }
    const ended = await Promise.all([sweepSessions(core.orchestrator), sweepSessions(other)])
    expect(ended[0] + ended[1]).toBeGreaterThanOrEqual(made.length)
    for (const { task, session } of made) {
      const kinds = (await lastEvents(core.database.db, task.id, 50)).map((event) => event.kind)
      expect(kinds.filter((kind) => kind === 'session_lease_lost')).toHaveLength(1)
      expect(kinds.filter((kind) => kind === 'attempt_failed')).toHaveLength(1)
      expect((await core.session(session.id)).status).toBe('failed')
    }
    await expectInvariants(core.database)
  })
})

describe('the sweeper', () => {
  test('ends the others when one session cannot be ended', async () => {
    const [broken, good] = [await core.atWork(project, agent), await core.atWork(project, agent)]
    const lock = `create function stuck() returns trigger language plpgsql as $$ begin raise 'stuck'; end $$`
    await core.database.pool.query(lock)
    await core.database.pool.query(
      `create trigger stuck before update on sessions for each row when (new.ended_at is not null and new.id = ${broken.session.id})
       execute function stuck()`,
    )
    core.clock.advance(121)
    await expect(sweepSessions(core.orchestrator)).rejects.toThrow('1 sessions could not be ended')
    expect((await core.session(good.session.id)).status).toBe('failed')
    await core.database.pool.query('drop trigger stuck on sessions')
    expect(await sweepSessions(core.orchestrator)).toBe(1)
  })

  test('gives an unacknowledged task back at once, the attempt not counted', async () => {
    const { id } = await core.claimable(project)
    const session = await core.claim(id, agent.id)
    core.clock.advance(14)
    expect(await sweepSessions(core.orchestrator)).toBe(0)
    core.clock.advance(1)
    expect(await sweepSessions(core.orchestrator)).toBe(1)
    expect(await core.session(session.id)).toMatchObject({
      status: 'failed',
      failure: 'refused',
      startedAt: null,
    })
    expect(await core.task(id)).toMatchObject({ status: 'ready', requested: true, attempts: 0 })
    expect(await acceptSession(core.orchestrator, session.id)).toMatchObject({
      ok: false,
      code: 'session_ended',
    })
  })

  test('lets an acknowledged session be, and a decline comes too late then', async () => {
    const { session } = await core.atWork(project, agent)
    core.clock.advance(60)
    expect(await sweepSessions(core.orchestrator)).toBe(0)
    expect(await declineSession(core.orchestrator, session.id, 'no')).toMatchObject({
      code: 'already_running',
    })
  })

  test.for(['paused', 'cancelled'] as const)(
    'ends a session that was %s when its grace is over',
    async (event) => {
      const { task, session } = await core.atWork(project, agent)
      await changeTask(core.orchestrator, { taskId: task.id, event, actor: 'maya' })
      const told = await reportProgress(core.orchestrator, session.id, {})
      expect(told).toMatchObject({ ok: true, answer: { stop: event === 'paused' ? 'pause' : 'cancel' } })
      expect(await beginPublish(core.orchestrator, session.id, push(session.branch))).toMatchObject({
        ok: true,
      })
      const intent = await core.database.db
        .selectFrom('outboundCalls')
        .select('id')
        .where('sessionId', '=', session.id)
        .executeTakeFirstOrThrow()
      core.clock.advance(31)
      expect(await sweepSessions(core.orchestrator)).toBe(0)
      await finishPublish(core.orchestrator, intent.id, { outcome: 'published', newSha: SHA })
      expect(await sweepSessions(core.orchestrator)).toBe(1)
      expect(await core.session(session.id)).toMatchObject({ status: event, headSha: SHA })
      expect(await core.task(task.id)).toMatchObject({ status: event, headSha: SHA })
    },
  )

  test('ends a session at its wall clock however alive it is', async () => {
    const { task, session } = await core.atWork(project, agent)
    for (let minute = 0; minute < 11; minute += 1) {
      expect(await sweepSessions(core.orchestrator)).toBe(0)
      core.clock.advance(60)
      await reportProgress(core.orchestrator, session.id, {})
    }
    expect(await sweepSessions(core.orchestrator)).toBe(1)
    expect(await core.session(session.id)).toMatchObject({ status: 'failed', failure: 'timeout' })
    expect((await core.task(task.id)).statusBecause).toContain('10 minutes')
  })

  test('finds no grace left when the repository goes away while a session is stopping', async () => {
    const { task, session } = await core.atWork(project, agent)
    await changeTask(core.orchestrator, { taskId: task.id, event: 'cancelled', actor: 'maya' })
    await freezeTask(core.orchestrator, task.id, 'The repository was deleted.')
    expect(await core.session(session.id)).toMatchObject({ status: 'cancelled' })
    expect(await beginPublish(core.orchestrator, session.id, push(session.branch))).toMatchObject({
      ok: false,
    })
  })
})

describe('publishing', () => {
  test('extends the lease past its own time-out and leaves the session to whoever settles it', async () => {
    const { session } = await core.atWork(project, agent)
    const begun = await beginPublish(core.orchestrator, session.id, push(session.branch))
    if (!begun.ok) throw new Error(begun.reason)
    const now = core.clock.now().getTime()
    expect((await core.session(session.id)).leaseUntil.getTime()).toBe(now + 210_000)
    core.clock.advance(700)
    expect(await sweepSessions(core.orchestrator)).toBe(0)
    await finishPublish(core.orchestrator, begun.intentId, { outcome: 'failed', message: 'no' })
    expect(await sweepSessions(core.orchestrator)).toBe(1)
  })

  test('a push that began after the sweeper looked is not cut off', async () => {
    const { session } = await core.atWork(project, agent)
    core.clock.advance(660)
    const ahead = new Date(core.clock.now().getTime() + 60_000)
    await core.database.db
      .transaction()
      .execute((trx) => updateSession(trx, session.id, { leaseUntil: ahead }))
    // the sweeper has read this session as due and waits for the lock that the push holds
    const begun = core.database.db.transaction().execute(async (trx) => {
      await trx.selectFrom('tasks').select('id').where('id', '=', session.taskId).forUpdate().execute()
      const sweeping = sweepSessions(core.orchestrator)
      await trx
        .insertInto('outboundCalls')
        .values({
          installationId: project.installationId,
          projectId: project.id,
          taskId: session.taskId,
          sessionId: session.id,
          kind: 'publish',
          createsContent: false,
          intent: '{}',
        })
        .execute()
      const waiting = `select count(*)::int as count from pg_locks where not granted`
      for (;;) {
        const { rows } = await core.database.pool.query<{ count: number }>(waiting)
        if ((rows[0]?.count ?? 0) > 0) break
      }
      return { sweeping }
    })
    expect(await (await begun).sweeping).toBe(0)
    expect((await core.session(session.id)).status).toBe('running')
    await core.database.pool.query(
      `update outbound_calls set state = 'failed' where session_id = ${session.id}`,
    )
  })

  test('another branch is refused', async () => {
    const { session } = await core.atWork(project, agent)
    expect(await beginPublish(core.orchestrator, session.id, push('main'))).toMatchObject({
      code: 'wrong_branch',
    })
  })

  test('an outcome is recorded once, and a late one does not set the branch back', async () => {
    const { task, session } = await core.atWork(project, agent)
    const first = await beginPublish(core.orchestrator, session.id, push(session.branch))
    const second = await beginPublish(core.orchestrator, session.id, push(session.branch, NEWER))
    if (!first.ok || !second.ok) throw new Error('a push was refused')
    await finishPublish(core.orchestrator, second.intentId, { outcome: 'published', newSha: NEWER })
    await finishPublish(core.orchestrator, first.intentId, { outcome: 'published', newSha: SHA })
    await finishPublish(core.orchestrator, second.intentId, { outcome: 'failed', newSha: SHA })
    expect(await core.task(task.id)).toMatchObject({ headSha: NEWER })
    expect(await core.session(session.id)).toMatchObject({ headSha: NEWER })
    const kinds = (await lastEvents(core.database.db, task.id, 50)).map((event) => event.kind)
    expect(kinds.filter((kind) => kind === 'commits_published')).toHaveLength(1)
    expect(kinds).not.toContain('publish_failed')
  })

  test('commits that are on GitHub are no longer held', async () => {
    const { task, session } = await core.atWork(project, agent)
    const first = await beginPublish(core.orchestrator, session.id, push(session.branch))
    if (!first.ok) throw new Error(first.reason)
    await finishPublish(core.orchestrator, first.intentId, {
      outcome: 'held',
      newSha: SHA,
      bundle: Buffer.from('b'),
    })
    const held = () =>
      core.database.db.selectFrom('heldBranches').where('taskId', '=', task.id).selectAll().execute()
    expect(await held()).toHaveLength(1)
    const second = await beginPublish(core.orchestrator, session.id, push(session.branch, NEWER))
    if (!second.ok) throw new Error(second.reason)
    await finishPublish(core.orchestrator, second.intentId, { outcome: 'published', newSha: NEWER })
    expect(await held()).toEqual([])
  })
})

describe('an abandoned publish is settled by what GitHub has', () => {
  const context = (head: () => Promise<string | null>) =>
    ({
      orchestrator: core.orchestrator,
      github: { credentials: { forGit: async () => ({ url: 'https://github.test/x.git' }) } },
      mirrors: { mirror: () => ({ remoteHead: head }) },
      logger: createLogger('silent'),
    }) as unknown as JobContext

  async function abandoned() {
    const made = await core.atWork(project, agent)
    const begun = await beginPublish(core.orchestrator, made.session.id, push(made.session.branch))
    if (!begun.ok) throw new Error(begun.reason)
    await finishPublish(core.orchestrator, begun.intentId, { outcome: 'uncertain' })
    return { ...made, intentId: begun.intentId }
  }

  test.for([
    ['published', SHA, 'done', SHA],
    ['not published', null, 'failed', null],
    ['elsewhere', NEWER, 'failed', null],
  ] as const)('%s', async ([, remote, state, headSha]) => {
    const { task, session, intentId } = await abandoned()
    const looks = context(async () => remote)
    await settlePublishes(looks)
    expect(await core.task(task.id)).toMatchObject({ headSha: null })
    core.clock.advance(91)
    await Promise.all([settlePublishes(looks), settlePublishes(looks)])
    const call = await core.database.db
      .selectFrom('outboundCalls')
      .selectAll()
      .where('id', '=', intentId)
      .executeTakeFirstOrThrow()
    expect(call.state).toBe(state)
    expect(await core.session(session.id)).toMatchObject({ status: 'running', headSha })
    expect(await core.task(task.id)).toMatchObject({ headSha })
  })

  test('gone, and the next one is settled although one cannot be asked about', async () => {
    const first = await abandoned()
    const second = await abandoned()
    core.clock.advance(91)
    let calls = 0
    const looks = context(async () => {
      calls += 1
      if (calls === 1) throw new GitHubError('unavailable', 'apps/create-installation-access-token', 'down')
      throw new GitHubError('not_found', 'apps/create-installation-access-token', 'gone')
    })
    await settlePublishes(looks)
    const states = async () =>
      (
        await core.database.db
          .selectFrom('outboundCalls')
          .select('state')
          .where('id', 'in', [first.intentId, second.intentId])
          .orderBy('id')
          .execute()
      ).map((call) => call.state)
    expect(await states()).toEqual(['pending', 'failed'])
    await settlePublishes(looks)
    expect(await states()).toEqual(['failed', 'failed'])
  })

  test('and a session that finished meanwhile goes on from there', async () => {
    for (const [remote, status] of [
      [SHA, 'processing'],
      [null, 'ready'],
    ] as const) {
      const { task, session } = await abandoned()
      core.newJobs()
      const completed = await completeSession(core.orchestrator, session.id, report('pull_request'))
      expect(completed).toMatchObject({
        ok: true,
        answer: { sessionStatus: 'completed', taskStatus: 'processing' },
      })
      expect(core.newJobs()).not.toContain('open-pull-request')
      core.clock.advance(91)
      await settlePublishes(context(async () => remote))
      expect(await core.task(task.id)).toMatchObject({ status, headSha: remote })
      expect(core.newJobs().includes('open-pull-request')).toBe(remote !== null)
    }
    await expectInvariants(core.database)
  })
})
