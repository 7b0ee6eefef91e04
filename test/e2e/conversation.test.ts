import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Person, person } from '../harness/person.ts'
import {
  askFor,
  begin,
  expectSound,
  finish,
  labels,
  replies,
  sayIn,
  settled,
  statusSays,
} from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

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

const say = (who: Person, number: number, body: string, reaction: '+1' | 'confused') =>
  sayIn(world, who, number, body, reaction)

const running = (pid: number): boolean => existsSync(`/proc/${pid}`)

describe('clarification', () => {
  ownWorld()

  test('the work goes on with the answer when the issue is by an outsider and they answer', async () => {
    const agent = await world.scriptedAgent('ada')
    const made = await world.outsider.call('POST', '/issues', { title: 'Pick a colour', body: 'Any colour.' })
    const number = Number(made.number)
    await world.maintainer.call('POST', `/issues/${number}/labels`, { labels: ['agent: ada', 'process'] })
    const assignment = await agent.assignment()
    await agent.accept(assignment)
    const asked = await agent.complete(assignment, {
      outcome: 'needs_clarification',
      summary: 'I have a question.',
      question: 'Red or blue?',
    })
    expect(asked).toMatchObject({ completion: { sessionStatus: 'paused', taskStatus: 'paused' } })
    expect(await world.task(number)).toMatchObject({ status: 'paused', pauseReason: 'clarification' })
    await statusSays(world, number, 'The agent has a question', 'Red or blue?')
    await until('needs-human is on', async () => (await labels(world, number)).includes('needs-human'))

    const stranger = person(world.github, world.repository, 'sam')
    await stranger.comment(number, 'Green, obviously!')
    await settled(world)
    expect(await world.task(number)).toMatchObject({ status: 'paused', pauseReason: 'clarification' })

    await world.outsider.comment(number, 'Blue, please.')
    const next = await agent.assignment()
    expect(next.context.markdown).toContain('Blue, please.')
    expect(next.context.markdown).not.toContain('Green, obviously!')
    await agent.accept(next)
    await until('needs-human is off', async () => !(await labels(world, number)).includes('needs-human'))
    await finish(world, { agent, number, assignment: next })
    await expectSound(world, number)
  })

  test('the work goes on with the answer when a maintainer answers', async () => {
    const { agent, number, assignment } = await begin(world, 'bea')
    const half = await agent.clone(assignment)
    await half.commit({ 'half.txt': 'half\n' })
    await half.push()
    await agent.complete(assignment, { outcome: 'needs_clarification', question: 'How much is it?' })
    await world.reach(number, 'paused')
    await world.maintainer.comment(number, 'It is 42.')
    const next = await agent.assignment()
    expect(next.session).toMatchObject({ mode: 'resume', attempt: 1 })
    expect(next.context.markdown).toContain('It is 42.')
    await agent.accept(next)
    await finish(world, { agent, number, assignment: next })
    await expectSound(world, number)
  })
})

describe('pause and resume', () => {
  ownWorld()

  test('the agent saves its work and goes on with it when a person pauses and resumes', async () => {
    const { agent, number, assignment } = await begin(world, 'cal')
    const clone = await agent.clone(assignment)
    await say(world.maintainer, number, '/pause', '+1')
    expect(await agent.stopped(assignment.session.id)).toMatchObject({ reason: 'pause' })
    expect(await world.task(number)).toMatchObject({ status: 'paused', pauseReason: 'person' })
    const saved = await clone.commit({ 'half.txt': 'half\n' })
    expect(await clone.push()).toMatchObject({ ok: true })
    await agent.complete(assignment, { outcome: 'stopped', summary: 'Saved.' })
    expect((await world.sessions(number))[0]).toMatchObject({ status: 'paused' })
    await statusSays(world, number, 'Paused', '`/resume` lets it go on')
    expect(await clone.push()).toMatchObject({ ok: false })

    await say(world.maintainer, number, 'Look at the tests too.\n/resume', '+1')
    const next = await agent.assignment()
    expect(next).toMatchObject({ session: { mode: 'resume' }, git: { branch: assignment.git.branch } })
    expect(next.context.markdown).toContain('Look at the tests too.')
    await agent.accept(next)
    const copy = await agent.clone(next)
    expect((await copy.git('rev-parse', 'HEAD')).output.trim()).toBe(saved)
    await finish(world, { agent, number, assignment: next }, copy)
    await expectSound(world, number)
  })

  test('the real runner saves what its program has written when a person pauses', async () => {
    const started = join(directory, 'fay.started')
    const command = `test -e ${started} && echo two >> work.txt || { echo one > work.txt; touch ${started}; sleep 300; }`
    await world.agentProcess('fay', command)
    const number = await askFor(world, 'fay')
    await until('the program runs', () => existsSync(started))
    await say(world.maintainer, number, '/pause', '+1')
    await until('the session ends', async () => (await world.sessions(number))[0]?.status === 'paused')
    const paused = await world.reach(number, 'paused')
    expect(paused.headSha).toHaveLength(40)
    await say(world.maintainer, number, '/resume', '+1')
    const task = await world.reach(number, 'review', (now) => now.pullRequestNumber !== null)
    const file = await world.maintainer.call('GET', `/contents/work.txt?ref=${task.branch}`)
    expect(Buffer.from(String(file.content), 'base64').toString()).toBe('one\ntwo\n')
    expect(await world.sessions(number)).toMatchObject([{ status: 'paused' }, { mode: 'resume' }])
    await expectSound(world, number)
  })
})

describe('cancel', () => {
  ownWorld()

  test('everything that the program started ends when a person comments /cancel', async () => {
    const file = join(directory, 'gil.pid')
    await world.agentProcess('gil', `sleep 301 & echo $! > ${file}.tmp; mv ${file}.tmp ${file}; sleep 300`)
    const number = await askFor(world, 'gil')
    await until('the program runs', () => existsSync(file))
    const pid = Number(await readFile(file, 'utf8'))
    await say(world.maintainer, number, '/cancel', '+1')
    await world.reach(number, 'cancelled')
    await until('the program is gone', () => !running(pid))
    await until('the session ends', async () => (await world.sessions(number))[0]?.status === 'cancelled')
    await statusSays(world, number, 'Cancelled')
    expect(await world.maintainer.call('GET', `/issues/${number}`)).toMatchObject({ state: 'open' })
    await expectSound(world, number)
  })

  test.each([
    ['completed', 'done'],
    ['not_planned', 'cancelled'],
  ] as const)('the agent stops when the issue is closed as %s', async (reason, status) => {
    const { agent, number, assignment } = await begin(world, `hal-${status}`)
    await world.maintainer.call('PATCH', `/issues/${number}`, { state: 'closed', state_reason: reason })
    expect(await agent.stopped(assignment.session.id)).toMatchObject({ reason: 'cancel' })
    await agent.complete(assignment, { outcome: 'stopped' })
    await world.reach(number, status)
    expect((await world.sessions(number))[0]).toMatchObject({ status: 'cancelled' })
    await statusSays(world, number, status === 'done' ? 'Done' : 'Cancelled')

    await world.process(number)
    await until('it is refused', async () => (await replies(world, number)).length === 1)
    expect((await replies(world, number))[0]).toContain('reopen the issue first')
    await expectSound(world, number)

    await world.maintainer.call('PATCH', `/issues/${number}`, { state: 'open' })
    await world.reach(number, 'backlog')
    await statusSays(world, number, 'Not requested')
    await world.process(number)
    const next = await agent.assignment()
    await agent.accept(next)
    await finish(world, { agent, number, assignment: next })
    await expectSound(world, number)
  })
})

describe('an agent that does not obey a stop', () => {
  ownWorld(2)

  test('no second session starts while the paused one is still stopping when it is resumed at once', async () => {
    const { agent, number, assignment } = await begin(world, 'dan', { maxConcurrent: 2 })
    await say(world.maintainer, number, '/pause', '+1')
    await agent.stopped(assignment.session.id)
    await say(world.maintainer, number, '/resume', '+1')
    await world.reach(number, 'ready')
    expect(await world.sessions(number)).toHaveLength(1)
    const next = await agent.assignment()
    const [first] = await world.sessions(number)
    expect(first).toMatchObject({ status: 'paused' })
    await agent.accept(next)
    await finish(world, { agent, number, assignment: next })
    await expectSound(world, number)
  })

  test('the session ends when the agent does not obey the stop', async () => {
    const { agent, number, assignment } = await begin(world, 'ian')
    const clone = await agent.clone(assignment)
    await clone.commit({ 'late.txt': 'late\n' })
    await say(world.maintainer, number, '/cancel', '+1')
    await until('the session ends', async () => (await world.sessions(number))[0]?.status === 'cancelled')
    expect(await clone.push()).toMatchObject({ ok: false })
    expect(await agent.progress(assignment)).toMatchObject({ type: 'refused', code: 'session_ended' })
    await expectSound(world, number)
  })
})
