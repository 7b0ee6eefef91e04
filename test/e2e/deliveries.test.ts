import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  begin,
  deliver,
  expectSound,
  finish,
  labels,
  release,
  replies,
  settled,
  statusComments,
  withhold,
} from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

function ownWorld(reconcileSeconds = 0.2): void {
  beforeAll(async () => {
    world = await createWorld({ reconcileSeconds })
  })
  afterEach(async () => {
    world.github.faults.clear()
    await world.dismissAgents()
  })
  afterAll(() => world.stop())
}

const label = (number: number) => () => world.process(number)
const unlabel = (number: number) => () => world.maintainer.call('DELETE', `/issues/${number}/labels/process`)
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
