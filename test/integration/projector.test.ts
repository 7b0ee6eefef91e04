import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Agent } from '../../src/db/repositories/agents.ts'
import { insertOutboundCall } from '../../src/db/repositories/outbound-calls.ts'
import { takeProjection } from '../../src/db/repositories/projections.ts'
import type { Project } from '../../src/db/repositories/projects.ts'
import { type Task, tasksToProject } from '../../src/db/repositories/tasks.ts'
import { GitHubError, type GitHubErrorKind } from '../../src/github/error.ts'
import type { JobContext } from '../../src/jobs/context.ts'
import { projectTask } from '../../src/jobs/project-task.ts'
import { reconcilers } from '../../src/jobs/reconcilers/registry.ts'
import { changeTask } from '../../src/orchestrator/change-task.ts'
import { completeSession } from '../../src/orchestrator/complete-session.ts'
import { freezeProject, freezeTask, thawProject } from '../../src/orchestrator/freeze.ts'
import { reportProgress } from '../../src/orchestrator/report-progress.ts'
import { requestTask } from '../../src/orchestrator/request-task.ts'
import { Postponed } from '../../src/queue/queue.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { type Core, createCore, issueOf, MAYA, report, repositoryOf } from './core.ts'

let core: Core
let project: Project
let agent: Agent

beforeAll(async () => {
  core = await createCore()
  project = await core.project({ limits: { concurrent_sessions: 100 } })
  agent = await core.agent(project, { maxConcurrent: 100 })
})
afterAll(() => core.drop())

/** The narrow part of GitHub that the projector uses: issues with comments and labels, and a list of the calls. */
function fakeGitHub() {
  const comments = new Map<number, string>()
  const labels = new Set(['process'])
  const calls: string[] = []
  /** What the next call of a name does instead. */
  const instead = new Map<string, () => void | Promise<void>>()
  let nextId = 1
  const call = async (name: string): Promise<void> => {
    calls.push(name)
    const act = instead.get(name)
    instead.delete(name)
    await act?.()
  }
  const github = {
    comments: {
      async create(_: unknown, __: number, body: string) {
        const id = nextId++
        if (!instead.has('create')) comments.set(id, body)
        await call('create')
        return { id, url: '' }
      },
      async update(_: unknown, id: number, body: string) {
        await call('update')
        if (!comments.has(id)) throw error('not_found')
        comments.set(id, body)
      },
      async findOwn(_: unknown, __: number, marker: string) {
        await call('find')
        const found = [...comments].find(([, body]) => body.includes(marker))
        return found ? { id: found[0] } : null
      },
    },
    labels: {
      async add(_: unknown, __: number, names: string[]) {
        await call(`add ${names}`)
        for (const name of names) labels.add(name)
      },
      async remove(_: unknown, __: number, name: string) {
        await call(`remove ${name}`)
        return labels.delete(name)
      },
    },
  }
  const context = { orchestrator: core.orchestrator, github, mirrors: {}, logger: createLogger('silent') }
  return {
    context: context as unknown as JobContext,
    comments,
    labels,
    instead,
    /** The calls since the last time that somebody asked. */
    calls: () => calls.splice(0),
    show: (task: Task) => projectTask(context as unknown as JobContext, task.id),
  }
}

const error = (kind: GitHubErrorKind): GitHubError => new GitHubError(kind, 'issues/create-comment', kind)
const projection = (task: Task) =>
  core.database.db.selectFrom('projections').selectAll().where('taskId', '=', task.id).executeTakeFirst()

describe('the status comment', () => {
  test('is written once, edited when it says something else, and running again makes no call', async () => {
    const github = fakeGitHub()
    const { task, session } = await core.atWork(project, agent)
    await github.show(task)
    expect(github.calls()).toEqual(['remove process', 'create'])
    await github.show(task)
    await github.show(task)
    expect(github.calls()).toEqual([])
    await completeSession(core.orchestrator, session.id, report('result'))
    const both = await Promise.allSettled([github.show(task), github.show(task)])
    for (const run of both) if (run.status === 'rejected') expect(run.reason).toBeInstanceOf(Postponed)
    expect(github.calls()).toEqual(['update'])
    expect([...github.comments.values()].join()).toContain('Did what was asked.')
    expect(await projection(task)).toMatchObject({ revision: (await core.task(task.id)).revision })
  })

  test('is looked for and not repeated when nobody knows whether it was written', async () => {
    for (const written of [true, false]) {
      const github = fakeGitHub()
      const { task } = await core.atWork(project, agent)
      github.instead.set('create', () => {
        // the answer got lost, with or without the comment
        if (written) github.comments.set(77, `<!-- mission-control:status task=${task.id} -->`)
        throw error('uncertain')
      })
      await expect(github.show(task)).rejects.toThrow('uncertain')
      await github.show(task)
      expect(github.comments.size).toBe(1)
      expect(github.calls()).toEqual(['remove process', 'create', 'find', written ? 'update' : 'create'])
      expect((await projection(task))?.commentId).toBe([...github.comments.keys()][0])
    }
  })

  test('is written once when a process dies between its intent and the call', async () => {
    const github = fakeGitHub()
    const task = await core.claimable(project)
    await insertOutboundCall(core.database.db, {
      installationId: project.installationId,
      projectId: project.id,
      taskId: task.id,
      kind: 'status_comment',
      key: `task:${task.id}`,
      createsContent: true,
    })
    await github.show(task)
    await github.show(task)
    expect(github.calls()).toEqual(['find', 'create'])
  })

  test('comes back when somebody deletes it', async () => {
    const github = fakeGitHub()
    const { task, session } = await core.atWork(project, agent)
    await github.show(task)
    github.comments.clear()
    await completeSession(core.orchestrator, session.id, report('result'))
    github.calls()
    await github.show(task)
    expect(github.calls()).toEqual(['update', 'find', 'create'])
    expect(github.comments.size).toBe(1)
  })

  test('shows progress at most every five minutes', async () => {
    const github = fakeGitHub()
    const { task, session } = await core.atWork(project, agent)
    await github.show(task)
    github.calls()
    const updates: number[] = []
    for (let minute = 1; minute <= 16; minute += 1) {
      core.clock.advance(60)
      await reportProgress(core.orchestrator, session.id, { message: `minute ${minute}`, percent: minute })
      await github.show(task)
      if (github.calls().includes('update')) updates.push(minute)
    }
    expect(updates).toEqual([5, 10, 15])
    expect([...github.comments.values()][0]).toContain('minute 15')
  })

  test('says what all attempts cost', async () => {
    const github = fakeGitHub()
    const { task, session } = await core.atWork(project, agent)
    await completeSession(core.orchestrator, session.id, report('failed'))
    core.clock.advance(60)
    const next = await core.claim(task.id, agent.id)
    const tokens = { input: 1_000, output: 0, cacheRead: 0, cacheWrite: 0 }
    await reportProgress(core.orchestrator, next.id, { tokens })
    await github.show(task)
    expect([...github.comments.values()][0]).toMatch(/1[,.]1(27)?/)
  })
})

describe('the trigger label', () => {
  test('is taken off at the claim and stays while the task is only requested', async () => {
    const github = fakeGitHub()
    const task = await core.claimable(project)
    await github.show(task)
    expect(github.calls()).toEqual(['create'])
    expect(github.labels.has('process')).toBe(true)
    await core.claim(task.id, agent.id)
    await github.show(task)
    expect(github.calls()).toEqual(['remove process', 'update'])
    expect(await core.task(task.id)).toMatchObject({ triggerLabelled: false })
  })

  test('is taken off once more when somebody adds it while we take it off', async () => {
    const github = fakeGitHub()
    const { task } = await core.atWork(project, agent)
    github.instead.set('remove process', async () => {
      github.labels.delete('process')
      // right after the label has gone, and before we could write that down
      const now = issueOf(task.number, { updatedAt: new Date() })
      const asked = { repository: repositoryOf(project), seen: now, now, by: MAYA, via: 'label' } as const
      expect(await requestTask(core.orchestrator, asked)).toMatchObject({ ok: false, code: 'in_progress' })
    })
    await github.show(task)
    github.labels.add('process')
    expect(await core.task(task.id)).toMatchObject({ triggerLabelled: true })
    expect(await tasksToProject(core.database.db, 1000)).toContain(task.id)
    await github.show(task)
    expect(github.labels.has('process')).toBe(false)
    expect(await core.task(task.id)).toMatchObject({ triggerLabelled: false })
  })
})

test('the label for people is on while somebody has to act', async () => {
  const github = fakeGitHub()
  const { task, session } = await core.atWork(project, agent)
  await completeSession(core.orchestrator, session.id, report('needs_clarification'))
  await github.show(task)
  expect(github.calls()).toContain('add needs-human')
  await changeTask(core.orchestrator, { taskId: task.id, event: 'resumed', actor: 'maya' })
  await github.show(task)
  expect(github.calls()).toContain('remove needs-human')
  await github.show(task)
  expect(github.calls()).toEqual([])
  expect(github.labels.has('needs-human')).toBe(false)
})

describe('a projection that another process has taken', () => {
  test('is postponed and not lost, and fades when that process died', async () => {
    const github = fakeGitHub()
    const { task } = await core.atWork(project, agent)
    await takeProjection(core.database.db, task.id, core.clock.now(), 60)
    await expect(github.show(task)).rejects.toBeInstanceOf(Postponed)
    expect(github.calls()).toEqual([])
    core.clock.advance(61)
    await github.show(task)
    expect(github.calls()).toContain('create')
  })

  test('is not given back by a process that was slower than its lock', async () => {
    const github = fakeGitHub()
    const { task } = await core.atWork(project, agent)
    github.instead.set('remove process', async () => {
      core.clock.advance(61)
      await takeProjection(core.database.db, task.id, core.clock.now(), 60)
    })
    await github.show(task)
    expect((await projection(task))?.lockedUntil).not.toBeNull()
  })
})

describe('the budget of content-creating calls', () => {
  const spend = (count: number, seconds: number) =>
    core.database.pool.query(
      `insert into outbound_calls (installation_id, project_id, kind, creates_content, created_at)
       select $1, $2, 'edit_comment', true, now() - make_interval(secs => $3) from generate_series(1, $4::int)`,
      [project.installationId, project.id, seconds, count],
    )

  test.for([
    ['minute', 60, 5],
    ['hour', 450, 1800],
  ] as const)('of a %s puts the comment off, and no intent is left', async ([, count, age]) => {
    const github = fakeGitHub()
    const { task } = await core.atWork(project, agent)
    await core.database.pool.query('update outbound_calls set created_at = created_at - $1::interval', [
      '2 hours',
    ])
    await spend(count - 1, age)
    await github.show(task)
    expect(github.calls()).toContain('create')
    const next = (await core.atWork(project, agent)).task
    await expect(github.show(next)).rejects.toBeInstanceOf(Postponed)
    expect(github.calls()).toEqual(['remove process'])
    await core.database.pool.query('update outbound_calls set created_at = created_at - $1::interval', [
      '2 hours',
    ])
    await github.show(next)
    expect(github.calls()).toEqual(['create'])
  })
})

describe('when GitHub asks us to wait, or is gone', () => {
  test('a limit postpones the job until its end', async () => {
    const github = fakeGitHub()
    const { task } = await core.atWork(project, agent)
    const until = new Date(Date.now() + 90_000)
    github.instead.set('remove process', () => {
      throw new GitHubError('rate_limited', 'issues/remove-label', 'slow down', { until })
    })
    await expect(github.show(task)).rejects.toMatchObject({ until })
    await github.show(task)
    expect(github.comments.size).toBe(1)
  })

  test('an issue that is gone is left alone until its task changes', async () => {
    const github = fakeGitHub()
    const { task } = await core.atWork(project, agent)
    github.instead.set('create', () => {
      throw error('gone')
    })
    await github.show(task)
    expect(await tasksToProject(core.database.db, 1000)).not.toContain(task.id)
    await changeTask(core.orchestrator, { taskId: task.id, event: 'paused', actor: 'maya' })
    expect(await tasksToProject(core.database.db, 1000)).toContain(task.id)
  })

  test('lost access is tried again by the reconciler', async () => {
    const github = fakeGitHub()
    const { task } = await core.atWork(project, agent)
    github.instead.set('create', () => {
      throw error('unauthorized')
    })
    await github.show(task)
    expect(await tasksToProject(core.database.db, 1000)).toContain(task.id)
  })
})

describe('a frozen task', () => {
  test('causes no call, and is shown when it comes back', async () => {
    const github = fakeGitHub()
    const { task, session } = await core.atWork(project, agent)
    await github.show(task)
    github.calls()
    await freezeTask(core.orchestrator, task.id, 'The issue was deleted.')
    expect((await core.session(session.id)).status).toBe('cancelled')
    await github.show(task)
    expect(github.calls()).toEqual([])
    expect(await tasksToProject(core.database.db, 1000)).not.toContain(task.id)
    await freezeTask(core.orchestrator, task.id, null)
    expect(await tasksToProject(core.database.db, 1000)).toContain(task.id)
    await github.show(task)
    expect(github.calls()).toEqual(['update'])
  })

  test('of a repository that is gone comes back with it, also when it was finished meanwhile', async () => {
    const github = fakeGitHub()
    const other = await core.project()
    const tasks = [await core.claimable(other), await core.claimable(other)]
    await freezeProject(core.orchestrator, other.id, 'uninstalled')
    await changeTask(core.orchestrator, {
      taskId: tasks[0]?.id ?? 0,
      event: 'pull_request_merged',
      actor: 'maya',
    })
    for (const task of tasks) await github.show(task)
    expect(github.calls()).toEqual([])
    core.newJobs()
    await thawProject(core.orchestrator, other.id, ['uninstalled'])
    for (const task of tasks) {
      expect(await core.task(task.id)).toMatchObject({ frozen: false })
      await github.show(task)
    }
    expect(core.newJobs()).toContain('gather-sources')
    expect(github.calls().filter((call) => call === 'create')).toHaveLength(2)
  })

  test('is frozen and thawed to the end when an earlier run died half-way', async () => {
    const other = await core.project()
    const { task, session } = await core.atWork(other, await core.agent(other))
    const set = (because: string | null) =>
      core.database.pool.query('update projects set frozen_because = $1 where id = $2', [because, other.id])
    await set('The app is suspended in this account.')
    await freezeProject(core.orchestrator, other.id, 'suspended')
    expect(await core.task(task.id)).toMatchObject({ frozen: true })
    expect((await core.session(session.id)).status).toBe('cancelled')
    await set(null)
    await thawProject(core.orchestrator, other.id, ['suspended'])
    expect(await core.task(task.id)).toMatchObject({ frozen: false })
  })
})

describe('the reconciler of projections', () => {
  test('finds tasks that were never projected, and one that fails does not keep the others back', async () => {
    const github = fakeGitHub()
    await core.database.pool.query(
      `insert into projections (task_id, revision) select id, revision from tasks
       on conflict (task_id) do update set revision = excluded.revision, locked_until = null`,
    )
    const tasks = [
      await core.claimable(project),
      await core.claimable(project),
      await core.claimable(project),
    ]
    expect((await tasksToProject(core.database.db, 50)).sort()).toEqual(tasks.map((task) => task.id))
    github.instead.set('create', () => {
      throw error('unavailable')
    })
    const run = reconcilers(github.context, 1).find((one) => one.name === 'projections')?.run
    await run?.()
    expect(github.comments.size).toBe(2)
    await run?.()
    expect(github.comments.size).toBe(3)
    expect(await tasksToProject(core.database.db, 50)).toEqual([])
  })
})
