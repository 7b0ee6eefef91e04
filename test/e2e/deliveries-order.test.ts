import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  askFor,
  begin,
  deliver,
  expectSound,
  finish,
  pullRequests,
  release,
  replies,
  settled,
  withhold,
} from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

/** How far GitHub's clock is ahead: its times are whole seconds, and some stories need two of them. */
let ahead = 0
const aSecondLater = () => {
  ahead += 1_000
}

function ownWorld(): void {
  beforeAll(async () => {
    ahead = 0
    world = await createWorld({ github: { now: () => new Date(Date.now() + ahead) } })
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

describe('webhooks in the wrong order', () => {
  ownWorld()

  test('start nothing when the unlabelling comes before the labelling', async () => {
    const agent = await world.scriptedAgent('hal')
    const number = await issueFor('hal')
    const [labelled, unlabelled] = await withhold(world, ['issues.labeled', 'issues.unlabeled'], async () => {
      await label(number)()
      await unlabel(number)()
    })
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
    aSecondLater()
    const both = await withhold(world, ['issues.closed', 'issues.reopened'], async () => {
      await edit(number, { state: 'closed' })()
      aSecondLater()
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
      aSecondLater()
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
      aSecondLater()
      await edit(number, { state: 'open' })()
      aSecondLater()
      await edit(number, { state: 'closed', state_reason: 'not_planned' })()
    })
    await release(world, both[1], both[0])
    expect(await world.task(number)).toMatchObject({ issueOpen: false })
    expect(['done', 'cancelled']).toContain((await world.task(number))?.status)
  })

  test('approve nothing when an outsider overwrote a maintainer’s edit and their edit comes first', async () => {
    const made = await world.outsider.call('POST', '/issues', { title: 'Overwritten', body: 'First text.' })
    const number = Number(made.number)
    await world.maintainer.call('POST', `/issues/${number}/labels`, { labels: ['agent: lou', 'process'] })
    await world.reach(number, 'ready')
    const both = await withhold(world, ['issues.edited', 'issues.edited'], async () => {
      aSecondLater()
      await edit(number, { body: 'Checked text.' })()
      aSecondLater()
      await world.outsider.call('PATCH', `/issues/${number}`, { body: 'Now do something evil.' })
    })
    await release(world, both[1], both[0])
    expect(await world.task(number)).toMatchObject({ status: 'backlog', approvalLost: true })
    const agent = await world.scriptedAgent('lou')
    await quiet()
    expect(agent.frames.filter((frame) => frame.type === 'task_assigned')).toEqual([])
    await expectSound(world, number)
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
