import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { updateAgent } from '../../src/db/repositories/agents.ts'
import { updateProject } from '../../src/db/repositories/projects.ts'
import { writeSetting } from '../../src/db/repositories/server-settings.ts'
import type { Task } from '../../src/db/repositories/tasks.ts'
import { updateTask } from '../../src/db/repositories/tasks.ts'
import { changeTask } from '../../src/orchestrator/change-task.ts'
import { claimTask } from '../../src/orchestrator/claim-task.ts'
import { completeSession } from '../../src/orchestrator/complete-session.ts'
import { dispatch } from '../../src/orchestrator/dispatch.ts'
import { freezeProject, freezeTask } from '../../src/orchestrator/freeze.ts'
import { recordComment } from '../../src/orchestrator/record-comment.ts'
import { recordEdit } from '../../src/orchestrator/record-edit.ts'
import { type Core, createCore, issueOf, MAYA, report, repositoryOf } from './core.ts'
import { expectInvariants } from './invariants.ts'

let core: Core

beforeAll(async () => {
  core = await createCore({ max: 40 })
})
afterAll(() => core.drop())

test('no limit is exceeded when 32 claimers fight for 20 tasks with 8 agents', async () => {
  const projects = [
    await core.project({ limits: { concurrent_sessions: 5 } }),
    await core.project({ limits: { concurrent_sessions: 6 } }),
  ]
  const agents = await Promise.all(
    Array.from({ length: 8 }, (_, index) => core.agent(projects, { maxConcurrent: 1 + (index % 2) })),
  )
  const tasks: Task[] = []
  for (let index = 0; index < 20; index += 1) {
    const project = projects[index % 2]
    if (project) tasks.push(await core.claimable(project))
  }
  let over = false
  const watching = (async () => {
    while (!over) await expectInvariants(core.database)
  })()
  const codes = new Set<string>()
  let claimed = 0
  const claimer = async (offset: number): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) {
      const task = tasks[(offset * 7 + turn) % tasks.length]
      const agent = agents[(offset + turn * 3) % agents.length]
      if (!task || !agent) continue
      const claim = { taskIds: [task.id], agentId: agent.id, channel: 'websocket' }
      const result = await claimTask(core.orchestrator, claim)
      if (result.ok) claimed += 1
      else codes.add(result.code)
    }
  }
  await Promise.all(Array.from({ length: 32 }, (_, index) => claimer(index)))
  over = true
  await watching
  await expectInvariants(core.database)
  // what nobody happened to try is still there to be given
  const given = await dispatch(core.orchestrator)
  await expectInvariants(core.database)
  expect(claimed + given.length).toBe(11)
  expect(codes).toContain('concurrency')
  for (const code of codes) {
    expect(['concurrency', 'agents_busy', 'not_claimable', 'live_session']).toContain(code)
  }
})

describe('a claim loses politely and leaves no trace when', () => {
  const closing: Record<string, { code: string; close: (task: Task, agentId: number) => Promise<unknown> }> =
    {
      'the task was paused': {
        code: 'not_claimable',
        close: (task) => changeTask(core.orchestrator, { taskId: task.id, event: 'paused', actor: 'maya' }),
      },
      'the task was frozen': {
        code: 'not_claimable',
        close: (task) => freezeTask(core.orchestrator, task.id, 'The issue was deleted.'),
      },
      'the project was frozen': {
        code: 'project_inactive',
        close: (task) => freezeProject(core.orchestrator, task.projectId, 'suspended'),
      },
      'the project was paused': {
        code: 'project_inactive',
        close: (task) =>
          core.database.db
            .transaction()
            .execute((trx) => updateProject(trx, task.projectId, { status: 'paused' })),
      },
      'an outsider edited the issue': { code: 'not_claimable', close: (task) => edit(task, false) },
      'a maintainer edited the issue and its sources are stale': {
        code: 'not_claimable',
        close: (task) => edit(task, true),
      },
      'a maintainer commented and the sources are stale': {
        code: 'not_claimable',
        close: (task) =>
          recordComment(core.orchestrator, task.id, { by: MAYA, trusted: true, comments: 1, at: new Date() }),
      },
      'the issue was closed, but its event is still on the way': {
        code: 'not_claimable',
        close: (task) =>
          core.database.db.transaction().execute((trx) => updateTask(trx, task.id, { issueOpen: false })),
      },
      'its backoff is not over': {
        code: 'not_claimable',
        close: (task) =>
          core.database.db
            .transaction()
            .execute((trx) =>
              updateTask(trx, task.id, { notBefore: new Date(core.clock.now().getTime() + 1000) }),
            ),
      },
      'the agent was removed': {
        code: 'agent_removed',
        close: (_, agentId) => updateAgent(core.database.db, agentId, { removedAt: new Date() }),
      },
      'nobody has claimed the agent': {
        code: 'agent_unclaimed',
        close: (_, agentId) => updateAgent(core.database.db, agentId, { status: 'pending_claim' }),
      },
      'the agent is not approved for the project': {
        code: 'not_connected',
        close: (_, agentId) =>
          core.database.db.deleteFrom('projectAgents').where('agentId', '=', agentId).execute(),
      },
      'the task asks for another agent': {
        code: 'other_agent',
        close: (task) =>
          core.database.db
            .transaction()
            .execute((trx) => updateTask(trx, task.id, { requestedAgent: 'somebody-else' })),
      },
    }

  for (const [what, { code, close }] of Object.entries(closing)) {
    test(what, async () => {
      const project = await core.project()
      const agent = await core.agent(project)
      const task = await core.claimable(project)
      await close(task, agent.id)
      const before = await core.task(task.id)
      const claim = { taskIds: [task.id], agentId: agent.id, channel: 'websocket' }
      expect(await claimTask(core.orchestrator, claim)).toMatchObject({ ok: false, code })
      expect(await core.task(task.id)).toEqual(before)
      expect(await core.sessions(task.id)).toEqual([])
    })
  }

  test('the last session is still stopping', async () => {
    const project = await core.project()
    const agent = await core.agent(project, { maxConcurrent: 2 })
    const { task, session } = await core.atWork(project, agent)
    await changeTask(core.orchestrator, { taskId: task.id, event: 'cancelled', actor: 'maya' })
    await core.claimable(project, issueOf(task.number))
    const claim = { taskIds: [task.id], agentId: agent.id, channel: 'websocket' }
    expect(await claimTask(core.orchestrator, claim)).toMatchObject({ ok: false, code: 'live_session' })
    await completeSession(core.orchestrator, session.id, report('stopped'))
    expect(await claimTask(core.orchestrator, claim)).toMatchObject({ ok: true, session: { fence: 2 } })
  })
})

describe('dispatch', () => {
  test('reaches a task behind a hundred that wait for somebody else', async () => {
    const project = await core.project()
    const agent = await core.agent(project)
    await core.agent(project, { name: 'absent', connected: false })
    for (let index = 0; index < 70; index += 1) {
      await core.claimable(project, { labels: ['process', 'agent: absent', 'priority: urgent'] })
    }
    const task = await core.claimable(project)
    const made = await dispatch(core.orchestrator, { agentId: agent.id })
    expect(made).toHaveLength(1)
    expect(await core.task(task.id)).toMatchObject({ status: 'processing', assignedAgentId: agent.id })
  })

  test('gives nothing when the server is stopped, and all there is when it goes on', async () => {
    const project = await core.project()
    await core.agent(project, { maxConcurrent: 3 })
    const tasks = [await core.claimable(project), await core.claimable(project)]
    await writeSetting(core.database.db, 'dispatch', { stopped: true })
    expect(await dispatch(core.orchestrator)).toEqual([])
    await writeSetting(core.database.db, 'dispatch', { stopped: false })
    await Promise.all([dispatch(core.orchestrator), dispatch(core.orchestrator)])
    for (const { id } of tasks) expect(await core.sessions(id)).toHaveLength(1)
  })

  test('passes by an agent whose connection nobody renews', async () => {
    const project = await core.project()
    const agent = await core.agent(project)
    const task = await core.claimable(project)
    const age = (seconds: number) =>
      core.database.pool.query(
        'update agent_connections set seen_at = now() - make_interval(secs => $1) where agent_id = $2',
        [seconds, agent.id],
      )
    await age(46)
    expect(await dispatch(core.orchestrator, { taskId: task.id })).toEqual([])
    await age(30)
    expect(await dispatch(core.orchestrator, { taskId: task.id })).toHaveLength(1)
  })

  test('goes on with published commits, whatever ended the last session', async () => {
    const project = await core.project()
    const agent = await core.agent(project)
    const { task, session } = await core.atWork(project, agent)
    await core.database.db
      .transaction()
      .execute((trx) => updateTask(trx, task.id, { headSha: 'b'.repeat(40) }))
    await changeTask(core.orchestrator, { taskId: task.id, event: 'paused', actor: 'maya' })
    await completeSession(core.orchestrator, session.id, report('stopped'))
    await changeTask(core.orchestrator, { taskId: task.id, event: 'resumed', actor: 'maya' })
    await core.gather(task.id)
    const next = await core.claim(task.id, agent.id)
    expect(next).toMatchObject({ mode: 'resume', startSha: 'b'.repeat(40), branch: session.branch })
    expect(next.context).toContain('go on from there; do not start over')
  })
})

async function edit(task: Task, trusted: boolean): Promise<void> {
  const project = await core.database.db
    .selectFrom('projects')
    .selectAll()
    .where('id', '=', task.projectId)
    .executeTakeFirstOrThrow()
  const issue = issueOf(task.number, { body: 'Something else.' })
  await recordEdit(core.orchestrator, {
    repository: repositoryOf(project),
    issue,
    by: MAYA,
    trusted,
    asked: true,
  })
}
