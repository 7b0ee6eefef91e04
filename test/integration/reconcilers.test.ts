import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tasksToGather, updateTask } from '../../src/db/repositories/tasks.ts'
import type { JobContext } from '../../src/jobs/context.ts'
import { openPullRequest } from '../../src/jobs/open-pull-request.ts'
import { startReconcilers } from '../../src/jobs/reconcilers/reconciler.ts'
import { reconcilers } from '../../src/jobs/reconcilers/registry.ts'
import { changeTask } from '../../src/orchestrator/change-task.ts'
import { completeSession } from '../../src/orchestrator/complete-session.ts'
import { beginPublish, finishPublish } from '../../src/orchestrator/publish-commits.ts'
import { recordBranch } from '../../src/orchestrator/record-branch.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { until } from '../harness/wait.ts'
import { type Core, createCore, report } from './core.ts'
import { expectInvariants } from './invariants.ts'

const logger = createLogger('silent')
const SHA = 'c'.repeat(40)
let core: Core

beforeAll(async () => {
  core = await createCore()
})
afterAll(() => core.drop())

const context = (github: object = {}): JobContext =>
  ({ orchestrator: core.orchestrator, github, mirrors: {}, logger }) as unknown as JobContext
const run = (name: string, github: object = {}) =>
  reconcilers(context(github), 1)
    .find((one) => one.name === name)
    ?.run()

describe('the loop', () => {
  test('runs each reconciler one at a time, goes on after a failure, and ends with what is under way', async () => {
    const log: string[] = []
    let working = 0
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const service = startReconcilers(
      [
        {
          name: 'failing',
          everySeconds: 0.001,
          run: async () => {
            log.push('failing')
            throw new Error('no')
          },
        },
        {
          name: 'slow',
          everySeconds: 0.001,
          atStart: true,
          run: async () => {
            working += 1
            log.push(`slow ${working}`)
            await held
            working -= 1
          },
        },
        { name: 'never', everySeconds: 3600, run: async () => void log.push('never') },
      ],
      logger,
    )
    await until('it failed several times', () => log.filter((line) => line === 'failing').length > 3)
    let stopped = false
    const stopping = service.stop().then(() => {
      stopped = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(stopped).toBe(false)
    release()
    await stopping
    const lines = log.length
    await new Promise((resolve) => setImmediate(resolve))
    expect(log).toHaveLength(lines)
    expect(log.filter((line) => line.startsWith('slow'))).toEqual(['slow 1'])
    expect(log).not.toContain('never')
  })
})

describe('what got lost is found again:', () => {
  test('a credit that is back wakes its task, and a task that went elsewhere is not asked again', async () => {
    const project = await core.project()
    const agent = await core.agent(project, { maxConcurrent: 2 })
    const [asleep, closed] = [await core.atWork(project, agent), await core.atWork(project, agent)]
    for (const { session } of [asleep, closed]) {
      await completeSession(core.orchestrator, session.id, report('out_of_credit'))
    }
    await changeTask(core.orchestrator, { taskId: closed.task.id, event: 'paused', actor: 'maya' })
    await run('wake')
    expect(await core.task(asleep.task.id)).toMatchObject({ status: 'paused', pauseReason: 'credits' })
    core.clock.advance(4 * 3600 + 1)
    core.newJobs()
    await run('wake')
    expect(await core.task(asleep.task.id)).toMatchObject({ status: 'ready', requested: true, wakeAt: null })
    expect(core.newJobs()).toContain('gather-sources')
    expect(await core.task(closed.task.id)).toMatchObject({
      status: 'paused',
      pauseReason: 'person',
      wakeAt: null,
    })
  })

  test('a request whose sources nobody gathers any more', async () => {
    const project = await core.project()
    await core.database.pool.query(`update projects set base_sha = 'x' where id = $1`, [project.id])
    const task = await core.request(project)
    const find = (): Promise<number[]> => tasksToGather(core.database.db, core.clock.now(), 100)
    expect(await find()).toContain(task.id)
    const recent = new Date(core.clock.now().getTime() - 120_000)
    expect(await tasksToGather(core.database.db, recent, 100)).not.toContain(task.id)
    await core.gather(task.id)
    expect(await find()).not.toContain(task.id)
  })

  test('a repository without commits is not looked at again and again', async () => {
    const project = await core.project()
    const task = await core.request(project)
    const find = (): Promise<number[]> => tasksToGather(core.database.db, core.clock.now(), 100)
    expect(await find()).toContain(task.id)
    await core.database.db
      .insertInto('contextSources')
      .values({
        taskId: task.id,
        kind: 'base',
        reference: 'base',
        content: JSON.stringify({ value: { sha: null } }),
        sha256: 'x',
        approvedSha256: task.approvedSha256 ?? '',
      })
      .execute()
    expect(await find()).not.toContain(task.id)
  })

  test('a pull request that was not opened, once, whoever tries at the same time', async () => {
    const project = await core.project()
    const { task, session } = await core.atWork(project, await core.agent(project))
    const push = { branch: session.branch, oldSha: null, newSha: SHA, commits: 1 }
    const begun = await beginPublish(core.orchestrator, session.id, push)
    if (!begun.ok) throw new Error(begun.reason)
    await finishPublish(core.orchestrator, begun.intentId, { outcome: 'published', newSha: SHA })
    await completeSession(core.orchestrator, session.id, report('pull_request'))
    const opened: string[] = []
    const github = {
      pullRequests: {
        findByBranch: async (_: unknown, branch: string) =>
          opened.includes(branch) ? { number: 5, url: 'https://github.test/pull/5', open: true } : null,
        create: async (_: unknown, { branch }: { branch: string }) => {
          opened.push(branch)
          return { number: 5, url: 'https://github.test/pull/5' }
        },
      },
    }
    await run('pull-requests', github)
    await run('pull-requests', github)
    await openPullRequest(context(github), task.id)
    expect(opened).toEqual([session.branch])
    expect(await core.task(task.id)).toMatchObject({ status: 'review', pullRequestNumber: 5 })
  })

  test('finished work whose branch was deleted waits for a person instead of for ever', async () => {
    const project = await core.project()
    const { task, session } = await core.atWork(project, await core.agent(project))
    await core.database.db.transaction().execute((trx) => updateTask(trx, task.id, { headSha: SHA }))
    await completeSession(core.orchestrator, session.id, report('pull_request'))
    expect(await core.task(task.id)).toMatchObject({ status: 'processing' })
    await recordBranch(core.orchestrator, task.id, null)
    await run('pull-requests')
    expect(await core.task(task.id)).toMatchObject({ status: 'paused', needsHuman: true })
    await expectInvariants(core.database)
  })
})
