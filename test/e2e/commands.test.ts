import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { writeSetting } from '../../src/db/repositories/server-settings.ts'
import { DISPATCH_SETTING } from '../../src/orchestrator/dispatch.ts'
import { type Person, person } from '../harness/person.ts'
import {
  askFor,
  begin,
  expectSound,
  finish,
  labels,
  reactionsTo,
  replies,
  sayIn,
  settled,
  statusComments,
  statusSays,
} from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

const EVERY_COMMAND = ['process', 'pause', 'resume', 'retry', 'cancel', 'approve', 'why', 'help', 'nonsense']

let world: World
let directory: string

/** One world for the stories of a group, so that groups do not see each other's agents. */
function ownWorld(stopGraceSeconds = 20): void {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mc-commands-'))
    world = await createWorld({ policy: { stopGraceSeconds } })
  })
  afterEach(() => world.dismissAgents())
  afterAll(async () => {
    await world.stop()
    await rm(directory, { recursive: true, force: true })
  })
}

const reactions = (comment: number) => reactionsTo(world, comment)
const say = (who: Person, number: number, body: string, reaction: '+1' | 'confused') =>
  sayIn(world, who, number, body, reaction)

describe('requests', () => {
  ownWorld()

  test('a second label is refused with the reason and taken off when an agent is at work', async () => {
    const { agent, number, assignment } = await begin(world, 'joy')
    await until('the label is off', async () => !(await labels(world, number)).includes('process'))
    await world.process(number)
    await until('it is refused', async () => (await replies(world, number)).length === 1)
    expect((await replies(world, number))[0]).toContain('An agent is at work on this task')
    await expectSound(world, number)
    await finish(world, { agent, number, assignment })
    expect(await world.sessions(number)).toHaveLength(1)
  })

  test('/process NAME gives the task to that agent, and says so when it does not exist', async () => {
    await world.scriptedAgent('kai')
    const leo = await world.scriptedAgent('leo')
    const number = await world.openIssue({ title: 'Name somebody' })
    await say(world.maintainer, number, '/process nobody-there', '+1')
    await statusSays(world, number, 'nobody-there')
    await say(world.maintainer, number, '/process leo', '+1')
    const assignment = await leo.assignment()
    await leo.accept(assignment)
    await finish(world, { agent: leo, number, assignment })
    await say(world.maintainer, number, '/process ../../etc', 'confused')
    await expectSound(world, number)
  })

  test('the task goes back when the label is taken off before an agent is there', async () => {
    const number = await askFor(world, 'mia')
    await world.reach(number, 'ready')
    await world.maintainer.call('DELETE', `/issues/${number}/labels/process`)
    await world.reach(number, 'backlog')
    const agent = await world.scriptedAgent('mia')
    await settled(world)
    expect(agent.frames.filter((frame) => frame.type === 'task_assigned')).toEqual([])
    await expectSound(world, number)
  })

  test('a review goes back to work when the label is added again', async () => {
    const { agent, number, assignment } = await begin(world, 'ned')
    const task = await finish(world, { agent, number, assignment })
    await world.process(number)
    const next = await agent.assignment()
    expect(next).toMatchObject({ session: { mode: 'revise' }, git: { branch: task.branch } })
    await agent.accept(next)
    const again = await finish(world, { agent, number, assignment: next })
    expect(again.pullRequestNumber).toBe(task.pullRequestNumber)
    await expectSound(world, number)
  })

  test('nothing is dispatched while the operator has stopped it, and it goes on afterwards', async () => {
    const agent = await world.scriptedAgent('oda')
    await writeSetting(world.database.db, DISPATCH_SETTING, { stopped: true })
    const number = await askFor(world, 'oda')
    await world.reach(number, 'ready', (task) => task.sourcesSha256 !== null)
    await statusSays(world, number, 'The operator has stopped all dispatch')
    expect(agent.frames.filter((frame) => frame.type === 'task_assigned')).toEqual([])
    await writeSetting(world.database.db, DISPATCH_SETTING, { stopped: false })
    const assignment = await agent.assignment()
    await agent.accept(assignment)
    await finish(world, { agent, number, assignment })
  })

  test('the comment says how to connect an agent when there is none', async () => {
    const lonely = await createWorld()
    try {
      const number = await lonely.openIssue()
      await lonely.process(number)
      await statusSays(lonely, number, 'Waiting to start', 'No agent is connected', 'mission-control token')
      const agent = await lonely.scriptedAgent('pia')
      const assignment = await agent.assignment()
      await agent.accept(assignment)
      await statusSays(lonely, number, 'pia is at work')
      expect(await statusComments(lonely, number)).toHaveLength(1)
    } finally {
      await lonely.stop()
    }
  })
})

describe('answers', () => {
  ownWorld()

  test('/why and /help answer with one comment each, and an unknown command says so', async () => {
    const number = await askFor(world, 'quinn')
    await world.reach(number, 'ready')
    await say(world.maintainer, number, '/why', '+1')
    await say(world.maintainer, number, '/help', '+1')
    await say(world.maintainer, number, '/nonsense now', 'confused')
    await until('three replies', async () => (await replies(world, number)).length === 3)
    const given = await replies(world, number)
    expect(given.filter((text) => text.includes('No agent is connected'))).toHaveLength(1)
    const [help] = given.filter((text) => text.includes('| Command |'))
    for (const name of EVERY_COMMAND.slice(0, -1)) expect(help).toContain(`/${name}`)
    expect(given.filter((text) => text.includes('there is no command `/nonsense`'))).toHaveLength(1)
    await expectSound(world, number)
  })

  test('a command says why it was not done when the state does not allow it', async () => {
    const number = await world.openIssue({ title: 'Nothing here yet' })
    await say(world.maintainer, number, '/resume', 'confused')
    await until('a reply', async () => (await replies(world, number)).length === 1)
    expect((await replies(world, number))[0]).toContain('nobody has asked for this issue yet')
    expect(await world.task(number)).toBeUndefined()
  })

  test('commands in quotes, code and edited comments do not run', async () => {
    const { agent, number, assignment } = await begin(world, 'rex')
    const comment = await world.maintainer.comment(
      number,
      '> /cancel\n\n```\n/cancel\n```\n\n    /cancel\n\n`/cancel` and then /cancel',
    )
    await world.maintainer.call('PATCH', `/issues/comments/${comment}`, { body: '/cancel' })
    await world.github.flushWebhooks()
    await settled(world)
    expect(await reactions(comment)).toMatchObject({ total_count: 0 })
    expect(await world.task(number)).toMatchObject({ status: 'processing' })
    await finish(world, { agent, number, assignment })
  })
})

describe('people without the right', () => {
  ownWorld()

  test.each([null, 'read', 'triage'] as const)(
    'nothing changes and nothing is written when somebody with the role %s tries every command',
    async (role) => {
      const stranger = person(world.github, world.repository, `stranger-${role ?? 'none'}`)
      world.github.setRole(world.repository, stranger.login, role)
      const { agent, number, assignment } = await begin(world, `sue-${role ?? 'none'}`)
      const before = await world.task(number)
      const untouched = await world.openIssue({ title: 'Nobody asked for this' })
      const comments = [number, untouched].flatMap((issue) =>
        EVERY_COMMAND.map((name) => ({ issue, body: `/${name}` })),
      )
      const ids: number[] = []
      for (const { issue, body } of comments) ids.push(await stranger.comment(issue, body))
      await stranger.comment(number, EVERY_COMMAND.map((name) => `/${name}`).join('\n'))
      await world.github.flushWebhooks()
      await settled(world)
      for (const id of ids) {
        await until('a reaction', async () => (await reactions(id)).confused === 1)
        expect(await reactions(id)).toMatchObject({ total_count: 1 })
      }
      if (role === 'triage') {
        await stranger.call('POST', `/issues/${untouched}/labels`, { labels: ['process'] })
        await world.github.flushWebhooks()
        await settled(world)
      }
      expect(await replies(world, number)).toEqual([])
      expect(await world.appComments(untouched)).toEqual([])
      expect(await world.task(untouched)).toBeUndefined()
      expect(await world.task(number)).toMatchObject({ status: 'processing', fence: before?.fence })
      await finish(world, { agent, number, assignment })
      await expectSound(world, number)
    },
  )
})
