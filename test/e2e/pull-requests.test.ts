import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RequestFault } from '../../src/local-github/faults.ts'
import {
  askFor,
  begin,
  expectSound,
  finish,
  pullRequests,
  release,
  replies,
  type Story,
  settled,
  statusComments,
  statusSays,
  withhold,
} from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

function ownWorld(oneByOne = true): void {
  beforeAll(async () => {
    world = await createWorld()
  })
  if (oneByOne) {
    afterEach(async () => {
      world.github.faults.clear()
      await world.dismissAgents()
    })
  }
  afterAll(() => world.stop())
}

const fault = (operationId: string, more: Partial<RequestFault> & Pick<RequestFault, 'effect'>) =>
  world.github.faults.add({ kind: 'request', operationId, ...more })

/** Pull requests ever made on the branch of a task. */
async function ofBranch(story: Story) {
  return (await pullRequests(world)).filter((pull) => pull.head.ref === story.assignment.git.branch)
}

/** No job is left that could still write something. */
async function idle(): Promise<void> {
  await world.github.flushWebhooks()
  await settled(world)
  await until('no job is left', async () => {
    const { rows } = await world.database.pool.query(
      "select 1 from pgboss.job where state in ('created', 'retry', 'active') limit 1",
    )
    return rows.length === 0
  })
}

describe('the pull request', () => {
  ownWorld()

  test('is adopted when somebody has opened it on the branch before the agent completes', async () => {
    const story = await begin(world, 'ada')
    const clone = await story.agent.clone(story.assignment)
    await clone.commit({ 'a.txt': 'a\n' })
    await clone.push()
    const made = await world.maintainer.call('POST', '/pulls', {
      title: 'Mine',
      head: story.assignment.git.branch,
      base: 'main',
    })
    await story.agent.complete(story.assignment)
    const task = await world.reach(story.number, 'review')
    expect(task.pullRequestNumber).toBe(made.number)
    await idle()
    expect(await ofBranch(story)).toHaveLength(1)
    await expectSound(world, story.number)
  })

  test('takes the task back when it is closed, and to review when it is reopened', async () => {
    const story = await begin(world, 'cal')
    const task = await finish(world, story)
    await world.maintainer.call('PATCH', `/pulls/${task.pullRequestNumber}`, { state: 'closed' })
    await world.reach(story.number, 'backlog')
    await statusSays(world, story.number, 'Not requested', 'closed without merging')
    await world.maintainer.call('PATCH', `/pulls/${task.pullRequestNumber}`, { state: 'open' })
    const again = await world.reach(story.number, 'review')
    expect(again.pullRequestNumber).toBe(task.pullRequestNumber)
    await world.maintainer.call('PUT', `/pulls/${task.pullRequestNumber}/merge`)
    await world.reach(story.number, 'done')
    await expectSound(world, story.number)
  })

  test('is another one when work goes on after a person closed the first', async () => {
    const story = await begin(world, 'dee')
    const task = await finish(world, story)
    await world.maintainer.call('PATCH', `/pulls/${task.pullRequestNumber}`, { state: 'closed' })
    await world.reach(story.number, 'backlog')
    await world.process(story.number)
    const assignment = await story.agent.assignment()
    await story.agent.accept(assignment)
    const again = await finish(world, { ...story, assignment })
    await idle()
    expect(again.pullRequestNumber).not.toBe(task.pullRequestNumber)
    expect((await ofBranch(story)).map(({ state }) => state).sort()).toEqual(['closed', 'open'])
    await expectSound(world, story.number)
  })

  test('stops the agent when it is closed while the agent revises it', async () => {
    const story = await begin(world, 'eli')
    const task = await finish(world, story)
    await world.process(story.number)
    const assignment = await story.agent.assignment()
    await story.agent.accept(assignment)
    await world.maintainer.call('PATCH', `/pulls/${task.pullRequestNumber}`, { state: 'closed' })
    await story.agent.stopped(assignment.session.id)
    await story.agent.complete(assignment, { outcome: 'stopped' })
    expect(await world.task(story.number)).toMatchObject({ status: 'paused', pauseReason: 'person' })
    await expectSound(world, story.number)
  })

  test('ends the task when it is merged while the agent revises it', async () => {
    const story = await begin(world, 'fay')
    const task = await finish(world, story)
    await world.process(story.number)
    const assignment = await story.agent.assignment()
    await story.agent.accept(assignment)
    await world.maintainer.call('PUT', `/pulls/${task.pullRequestNumber}/merge`)
    await story.agent.stopped(assignment.session.id)
    await story.agent.complete(assignment)
    const done = await world.reach(story.number, 'done')
    expect(done.mergedAt).not.toBeNull()
    await idle()
    expect(await ofBranch(story)).toHaveLength(1)
    await expectSound(world, story.number)
  })
})

let names = 0
const ownName = (): string => {
  names += 1
  return String(names)
}

describe('the status comment', () => {
  ownWorld()

  test('comes back at the next change when somebody has deleted it', async () => {
    const story = await begin(world, 'hal')
    await statusSays(world, story.number, 'hal is at work')
    const comments = await world.maintainer.call('GET', `/issues/${story.number}/comments`)
    const [first] = comments as unknown as { id: number }[]
    await world.maintainer.call('DELETE', `/issues/comments/${first?.id}`)
    expect(await statusComments(world, story.number)).toEqual([])
    await finish(world, story)
    await statusSays(world, story.number, 'Ready for review')
    await expectSound(world, story.number)
  })
})

/**
 * At the same time where that can be, because each takes the seconds that a job waits before it comes again:
 * whichever task meets a fault, what is asserted of each holds for all. A world each, so that they do not meet
 * each other's faults.
 */
describe('the pull request is opened once', () => {
  ownWorld(false)

  test.concurrent.each([
    ['GitHub made it and answers 502', { when: 'after', effect: { status: 502 } }],
    ['GitHub made it and the connection broke', { when: 'after', effect: 'disconnect' }],
    ['GitHub answers 503 and made nothing', { when: 'before', effect: { status: 503 } }],
    ['GitHub asks to wait', { when: 'before', effect: { status: 403, retryAfter: 2 } }],
  ] as const)('one pull request is there when %s', async (_, what) => {
    const story = await begin(world, `bob-${ownName()}`)
    fault('pulls/create', what)
    const task = await finish(world, story)
    await idle()
    expect(await ofBranch(story)).toMatchObject([{ number: task.pullRequestNumber, state: 'open' }])
    await expectSound(world, story.number)
  })
})

describe('the status comment is written once', () => {
  ownWorld(false)

  test.concurrent.each([
    ['GitHub wrote it and answers 502', { when: 'after', effect: { status: 502 } }],
    ['GitHub wrote it and the connection broke', { when: 'after', effect: 'disconnect' }],
    ['GitHub answers 500 and wrote nothing', { when: 'before', effect: { status: 500 } }],
    ['GitHub asks to wait', { when: 'before', effect: { status: 403, retryAfter: 2 } }],
    ['GitHub asks to wait with 429', { when: 'before', effect: { status: 429, retryAfter: 1 } }],
  ] as const)('one status comment is there when %s', async (_, what) => {
    fault('issues/create-comment', what)
    const story = await begin(world, `gil-${ownName()}`)
    await finish(world, story)
    await statusSays(world, story.number, 'Ready for review')
    await idle()
    expect(await world.appComments(story.number)).toHaveLength(1)
    await expectSound(world, story.number)
  })
})

describe('a command is answered once', () => {
  ownWorld()

  test.each([
    ['GitHub wrote it and answers 502', { when: 'after', effect: { status: 502 } }],
    ['GitHub wrote it and the connection broke', { when: 'after', effect: 'disconnect' }],
    ['GitHub asks to wait', { when: 'before', effect: { status: 403, retryAfter: 1 } }],
  ] as const)('one answer to a command is there when %s', async (_, what) => {
    const number = await askFor(world, `nobody-${ownName()}`)
    await until('the status comment', async () => (await statusComments(world, number)).length === 1)
    const [comment] = await withhold(world, ['issue_comment.created'], () =>
      world.maintainer.comment(number, '/why'),
    )
    fault('issues/create-comment', what)
    await release(world, comment)
    await until('the answer', async () => (await replies(world, number)).length > 0)
    await idle()
    expect(await replies(world, number)).toHaveLength(1)
    await expectSound(world, number)
  })
})
