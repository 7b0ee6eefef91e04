import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  askFor,
  begin,
  deliver,
  expectSound,
  finish,
  labels,
  pullRequests,
  release,
  replies,
  settled,
  statusComments,
  withhold,
} from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

function ownWorld(reconcileSeconds?: number): void {
  beforeAll(async () => {
    world = await createWorld(reconcileSeconds === undefined ? {} : { reconcileSeconds })
  })
  afterEach(async () => {
    world.github.faults.clear()
    await world.dismissAgents()
  })
  afterAll(() => world.stop())
}

const label = (number: number) => () => world.process(number)
const unlabel = (number: number) => () =>
  world.maintainer.call('DELETE', `/issues/${number}/labels/process`)
const edit = (number: number, changes: object) => () =>
  world.maintainer.call('PATCH', `/issues/${number}`, changes)

/** An issue for one agent that nobody has labelled yet. */
const issueFor = (agent: string) => world.openIssue({ title: `For ${agent}`, labels: [`agent: ${agent}`] })

/** Everything that has arrived is handled, and all that follows from it in GitHub. */
async function quiet(): Promise<void> {
  await world.github.flushWebhooks()
  await settled(world)
}

describe('a webhook that is delivered twice', () => {
  ownWorld()

  test('starts one session when it comes five times at once under one id', async () => {
    const agent = await world.scriptedAgent('ada')
    const number = await issueFor('ada')
    const [labelled] = await withhold(world, ['issues.labeled'], label(number))
    const same = Array.from({ length: 5 }, () => deliver(world, 'issues', labelled?.payload, labelled?.guid))
    expect(await Promise.all(same)).toEqual([202, 202, 202, 202, 202])
    const assignment = await agent.assignment()
    await agent.accept(assignment)
    await settled(world)
    await finish(world, { agent, number, assignment })
    expect(await deliver(world, 'issues', labelled?.payload, labelled?.guid)).toBe(202)
    await settled(world)
    expect(await world.sessions(number)).toHaveLength(1)
    expect(await replies(world, number)).toEqual([])
    await expectSound(world, number)
  })

  test('starts one session when it comes three times at once under other ids', async () => {
    const agent = await world.scriptedAgent('bob')
    const number = await issueFor('bob')
    const [labelled] = await withhold(world, ['issues.labeled'], label(number))
    const payload = labelled?.payload
    await Promise.all([1, 2, 3].map(() => deliver(world, 'issues', payload, randomUUID())))
    const assignment = await agent.assignment()
    await agent.accept(assignment)
    await settled(world)
    await finish(world, { agent, number, assignment })
    await until('the label is off', async () => !(await labels(world, number)).includes('process'))
    expect(await deliver(world, 'issues', payload, randomUUID())).toBe(202)
    await settled(world)
    expect(await world.task(number)).toMatchObject({ status: 'review' })
    expect(await world.sessions(number)).toHaveLength(1)
    expect(await replies(world, number)).toEqual([])
    await expectSound(world, number)
  })

  test('runs a command once when GitHub sends every event twice', async () => {
    world.github.faults.add({ kind: 'webhook', times: 100, effect: 'duplicate' })
    const { agent, number, assignment } = await begin(world, 'cal')
    const comment = await world.maintainer.comment(number, '/why')
    await until('an answer', async () => (await replies(world, number)).length > 0)
    await finish(world, { agent, number, assignment })
    await quiet()
    expect(await replies(world, number)).toHaveLength(1)
    const { reactions } = await world.maintainer.call('GET', `/issues/comments/${comment}`)
    expect(reactions).toMatchObject({ '+1': 1, total_count: 1 })
    expect(await world.sessions(number)).toHaveLength(1)
    expect(await statusComments(world, number)).toHaveLength(1)
    await expectSound(world, number)
  })
})

describe('a webhook that is late', () => {
  ownWorld()

  test('starts nothing when the label was taken off before', async () => {
    const agent = await world.scriptedAgent('dee')
    const number = await issueFor('dee')
    const [labelled] = await withhold(world, ['issues.labeled'], label(number))
    await unlabel(number)()
    await quiet()
    await release(world, labelled)
    expect((await world.task(number))?.status ?? 'backlog').toBe('backlog')
    expect(agent.frames.filter((frame) => frame.type === 'task_assigned')).toEqual([])
    expect(await world.appComments(number)).toEqual([])
  })

  test('is refused with the reason when the issue was closed before', async () => {
    const number = await issueFor('eli')
    const [labelled] = await withhold(world, ['issues.labeled'], label(number))
    await edit(number, { state: 'closed' })()
    await quiet()
    await release(world, labelled)
    await until('a reason', async () => (await replies(world, number)).length === 1)
    expect((await replies(world, number))[0]).toContain('reopen the issue first')
    expect(await world.sessions(number)).toEqual([])
    await expectSound(world, number)
  })

  test('changes nothing when the work was merged before', async () => {
    const agent = await world.scriptedAgent('fay')
    const number = await issueFor('fay')
    const [labelled] = await withhold(world, ['issues.labeled'], label(number))
    await release(world, labelled)
    const assignment = await agent.assignment()
    await agent.accept(assignment)
    const task = await finish(world, { agent, number, assignment })
    await world.maintainer.call('PUT', `/pulls/${task.pullRequestNumber}/merge`)
    await world.reach(number, 'done', (now) => now.mergedAt !== null)
    expect(await deliver(world, 'issues', labelled?.payload)).toBe(202)
    await settled(world)
    expect(await world.task(number)).toMatchObject({ status: 'done' })
    expect(await replies(world, number)).toEqual([])
    await expectSound(world, number)
  })

  test('changes nothing when an edit from before the label comes after it', async () => {
    const agent = await world.scriptedAgent('gil')
    const number = await issueFor('gil')
    const [edited] = await withhold(world, ['issues.edited'], edit(number, { body: 'The final text.' }))
    const [labelled] = await withhold(world, ['issues.labeled'], label(number))
    await release(world, labelled, edited)
    const assignment = await agent.assignment()
    expect(assignment.context.markdown).toContain('The final text.')
    await agent.accept(assignment)
    await finish(world, { agent, number, assignment })
    await expectSound(world, number)
  })
})

describe('webhooks in the wrong order', () => {
  ownWorld()

  test('start nothing when the unlabelling comes before the labelling', async () => {
    const agent = await world.scriptedAgent('hal')
    const number = await issueFor('hal')
    const [labelled, unlabelled] = await withhold(
      world,
      ['issues.labeled', 'issues.unlabeled'],
      async () => {
        await label(number)()
        await unlabel(number)()
      },
    )
    await release(world, unlabelled, labelled)
    expect((await world.task(number))?.status ?? 'backlog').toBe('backlog')
    expect(agent.frames.filter((frame) => frame.type === 'task_assigned')).toEqual([])
  })

  test('start nothing when the labelling and the unlabelling come at once', async () => {
    const number = await issueFor('ian')
    const both = await withhold(world, ['issues.labeled', 'issues.unlabeled'], async () => {
      await label(number)()
      await unlabel(number)()
    })
    await Promise.all(both.map((one) => deliver(world, one.event, one.payload, one.guid)))
    await settled(world)
    expect((await world.task(number))?.status ?? 'backlog').toBe('backlog')
  })

  test('leave the session at work when the reopening comes before the closing', async () => {
    const { agent, number, assignment } = await begin(world, 'joy')
    const both = await withhold(world, ['issues.closed', 'issues.reopened'], async () => {
      await edit(number, { state: 'closed' })()
      await edit(number, { state: 'open' })()
    })
    await release(world, both[1], both[0])
    expect(await world.task(number)).toMatchObject({ status: 'processing', issueOpen: true })
    await finish(world, { agent, number, assignment })
    await expectSound(world, number)
  })

  test('end with an open issue when the closing and the reopening come at once', async () => {
    const number = await askFor(world, 'kai')
    await world.reach(number, 'ready')
    const both = await withhold(world, ['issues.closed', 'issues.reopened'], async () => {
      await edit(number, { state: 'closed' })()
      await new Promise((resolve) => setTimeout(resolve, 1_100)) // GitHub's times are whole seconds
      await edit(number, { state: 'open' })()
    })
    await Promise.all(both.reverse().map((one) => deliver(world, one.event, one.payload, one.guid)))
    await settled(world)
    const task = await world.task(number)
    expect(task?.issueOpen).toBe(true)
    expect(['ready', 'backlog']).toContain(task?.status)
  })

  test('end with a closed issue when the last closing comes before the reopening', async () => {
    const number = await askFor(world, 'leo')
    await world.reach(number, 'ready')
    await edit(number, { state: 'closed', state_reason: 'completed' })()
    await world.reach(number, 'done')
    const both = await withhold(world, ['issues.reopened', 'issues.closed'], async () => {
      await edit(number, { state: 'open' })()
      await edit(number, { state: 'closed', state_reason: 'not_planned' })()
    })
    await release(world, both[1], both[0])
    expect(await world.task(number)).toMatchObject({ issueOpen: false })
    expect(['done', 'cancelled']).toContain((await world.task(number))?.status)
  })

  test('approve nothing when the issue was edited after the label and the edit comes first', async () => {
    const agent = await world.scriptedAgent('mia')
    const number = await issueFor('mia')
    const both = await withhold(world, ['issues.labeled', 'issues.edited'], async () => {
      await label(number)()
      await edit(number, { body: 'Something else entirely.' })()
    })
    await release(world, both[1], both[0])
    await until('a reason', async () => (await replies(world, number)).length === 1)
    expect((await replies(world, number))[0]).toContain('edited after you asked')
    expect(agent.frames.filter((frame) => frame.type === 'task_assigned')).toEqual([])
    await expectSound(world, number)
  })

  test.each(['closed', 'merged'] as const)(
    'open no second pull request when the first is %s before we know of it',
    async (how) => {
      const { agent, number, assignment } = await begin(world, `ned-${how}`)
      const clone = await agent.clone(assignment)
      await clone.commit({ [`${how}.txt`]: 'x\n' })
      await clone.push()
      world.github.faults.add({
        kind: 'request',
        operationId: 'pulls/create',
        when: 'after',
        effect: 'disconnect',
      })
      await withhold(world, ['pull_request.opened'], () => agent.complete(assignment))
      const [pull] = (await pullRequests(world)).filter((one) => one.head.ref === assignment.git.branch)
      if (how === 'merged') await world.maintainer.call('PUT', `/pulls/${pull?.number}/merge`)
      else await world.maintainer.call('PATCH', `/pulls/${pull?.number}`, { state: 'closed' })
      await world.reach(number, how === 'merged' ? 'done' : 'paused')
      // the job that opens pull requests comes back after two seconds
      await until('the job has run again', async () => {
        const { rows } = await world.database.pool.query(
          "select 1 from pgboss.job where name = 'open-pull-request' and state not in ('completed', 'failed')",
        )
        return rows.length === 0
      })
      const all = (await pullRequests(world)).filter((one) => one.head.ref === assignment.git.branch)
      expect(all).toHaveLength(1)
      expect(await world.task(number)).toMatchObject({ pullRequestNumber: pull?.number })
      await expectSound(world, number)
    },
  )

  test.each([
    ['the issue is closed first', [0, 1]],
    ['the merge comes first', [1, 0]],
  ] as const)('end in done with the merge recorded when %s', async (_, order) => {
    const story = await begin(world, `oda-${order[0]}`)
    const { number } = story
    const task = await finish(world, story)
    const both = await withhold(world, ['issues.closed', 'pull_request.closed'], () =>
      world.maintainer.call('PUT', `/pulls/${task.pullRequestNumber}/merge`),
    )
    const sorted = [
      both.find(({ event }) => event === 'issues'),
      both.find(({ event }) => event === 'pull_request'),
    ]
    await release(world, sorted[order[0]], sorted[order[1]])
    const done = await world.reach(number, 'done')
    expect(done).toMatchObject({ issueOpen: false })
    expect(done.mergedAt).not.toBeNull()
    await expectSound(world, number)
  })
})

describe('a webhook that never arrives', () => {
  ownWorld(0.02)

  test('is asked for again when the server was down while the issue was labelled', async () => {
    const agent = await world.scriptedAgent('pia')
    const number = await issueFor('pia')
    await quiet()
    await world.restartServer(async () => {
      await world.process(number)
      await world.github.flushWebhooks()
    })
    await agent.reconnect()
    const assignment = await agent.assignment()
    await agent.accept(assignment)
    await finish(world, { agent, number, assignment })
    expect(await world.sessions(number)).toHaveLength(1)
    await expectSound(world, number)
  })

  test('still stops the agent when the closing of the issue was dropped', async () => {
    const { agent, number, assignment } = await begin(world, 'quinn')
    world.github.faults.add({ kind: 'webhook', event: 'issues', action: 'closed', effect: 'drop' })
    await edit(number, { state: 'closed', state_reason: 'not_planned' })()
    expect(await agent.stopped(assignment.session.id)).toMatchObject({ reason: 'cancel' })
    await agent.complete(assignment, { outcome: 'stopped' })
    expect(await world.task(number)).toMatchObject({ status: 'cancelled' })
    await expectSound(world, number)
  })
})
