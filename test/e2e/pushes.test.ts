import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Clone } from '../harness/scripted-agent.ts'
import {
  begin,
  branches,
  expectSound,
  finish,
  labels,
  personalClone,
  type Story,
  statusSays,
} from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld({
    policy: { leaseSeconds: 3, stopGraceSeconds: 1 },
    files: { '.github/workflows/ci.yml': 'on: push\n', 'keys/old.pem': 'x\n' },
  })
})

afterAll(() => world.stop())

/** Not written out, or scanners of this repository would take it for one. */
const SECRET = `ghp_${'aB3dE5gH7jK9mN1pQ3sT5vX7zA9cD1fG3hJ5'}`

const SENTENCE = /^remote: Mission Control: (.*?)\s*$/gm

/** What git printed of ours. */
function said(output: string): string[] {
  return [...output.matchAll(SENTENCE)].map(([, sentence = '']) => sentence)
}

/** Pushes, and expects that git says exactly this and that no branch at GitHub has moved. */
async function expectRefused(push: () => Promise<{ ok: boolean; output: string }>, sentence: string) {
  const before = await branches(world)
  const pushed = await push()
  expect(pushed.ok, pushed.output).toBe(false)
  expect(said(pushed.output), pushed.output).toEqual([sentence])
  expect(await branches(world)).toEqual(before)
}

describe('a push that is refused', () => {
  let story: Story
  let clone: Clone
  let branch: string

  beforeAll(async () => {
    story = await begin(world, 'ada')
    clone = await story.agent.clone(story.assignment)
    branch = story.assignment.git.branch
    await clone.commit({ 'work.txt': 'one\n' })
    expect(await clone.push()).toMatchObject({ ok: true })
  })

  afterEach(async () => {
    await clone.git('reset', '--quiet', '--hard', 'HEAD')
    await clone.git('fetch', '--quiet')
    await clone.git('reset', '--quiet', '--hard', `origin/${branch}`)
    await story.agent.progress(story.assignment)
  })

  afterAll(() => world.dismissAgents())

  test('says which branch is the session’s when it goes to another branch', async () => {
    await clone.commit({ 'other.txt': 'x\n' })
    await expectRefused(
      () => clone.push('agent/somebody-else-1'),
      `this session may push to ${branch} only, not to agent/somebody-else-1`,
    )
  })

  test('says so when it goes to the default branch', async () => {
    await clone.commit({ 'other.txt': 'x\n' })
    await expectRefused(() => clone.push('main'), `this session may push to ${branch} only, not to main`)
  })

  test('says so when it goes to its own and to another branch at once', async () => {
    await clone.commit({ 'other.txt': 'x\n' })
    await expectRefused(
      () => clone.git('push', 'origin', `HEAD:${branch}`, 'HEAD:refs/heads/main'),
      `this session may push to ${branch} only, not to main`,
    )
  })

  test('says so when it makes a tag', async () => {
    await expectRefused(
      () => clone.git('push', 'origin', 'HEAD:refs/tags/v1'),
      `this session may push to ${branch} only, not to refs/tags/v1`,
    )
  })

  test('says so when it deletes the branch', async () => {
    await expectRefused(() => clone.git('push', 'origin', `:${branch}`), `${branch} may not be deleted`)
  })

  test('says so when it rewrites published commits', async () => {
    await clone.git('reset', '--quiet', '--hard', 'origin/main')
    await clone.commit({ 'rewritten.txt': 'x\n' })
    await expectRefused(
      () => clone.git('push', '--force', 'origin', `HEAD:${branch}`),
      `the push would rewrite published commits of ${branch}: fetch, put your commits on top and push again`,
    )
  })

  test('names the file when it holds a workflow', async () => {
    await clone.commit({ '.github/workflows/ci.yml': 'on: pull_request_target\n' })
    await expectRefused(
      () => clone.push(),
      '.github/workflows/ci.yml is a workflow file; agents may not change workflows',
    )
  })

  test('names the file when it changes a protected path', async () => {
    await clone.git('rm', '--quiet', 'keys/old.pem')
    await clone.commit({ 'work.txt': 'two\n' })
    await expectRefused(() => clone.push(), 'keys/old.pem is protected by the project (paths.protect)')
  })

  test('names the file and the line when a commit holds a secret that a later one takes out', async () => {
    await clone.commit({ 'settings.txt': `user=x\ntoken=${SECRET}\n` })
    await clone.commit({ 'settings.txt': 'user=x\n' })
    await expectRefused(
      () => clone.push(),
      'settings.txt:2 looks like a secret (GitHub token): take it out of every commit',
    )
  })

  test('quotes the words when a commit message closes another issue', async () => {
    await clone.commit({ 'work.txt': 'three\n' }, 'Do it\n\nFixes #9999')
    await expectRefused(
      () => clone.push(),
      `a commit message says "Fixes #9999"; a commit of this task may close #${story.number} only`,
    )
  })

  test('is forgotten when a good push follows', async () => {
    const commit = await clone.commit({ 'work.txt': 'four\n' }, `Do it\n\nCloses #${story.number}`)
    expect(await clone.push()).toMatchObject({ ok: true })
    expect((await branches(world)).get(branch)).toBe(commit)
    expect(await story.agent.complete(story.assignment)).toMatchObject({
      completion: { sessionStatus: 'completed' },
    })
    const task = await world.reach(story.number, 'review', (now) => now.pullRequestNumber !== null)
    expect(task.needsHuman).toBe(false)
    expect(await labels(world, story.number)).not.toContain('needs-human')
    await expectSound(world, story.number)
  })
})

describe('a session that is over', () => {
  afterEach(() => world.dismissAgents())

  const OVER = 'this session token is unknown, or its session has ended.'

  test('cannot push when its lease has ended', async () => {
    const { agent, number, assignment } = await begin(world, 'bob')
    const clone = await agent.clone(assignment)
    await clone.commit({ 'late.txt': 'late\n' })
    await agent.disconnect()
    await until('the lease ends', async () => (await world.sessions(number))[0]?.failure === 'lost')
    await expectRefused(() => clone.push(), OVER)
    await world.maintainer.comment(number, '/cancel')
    await world.reach(number, 'cancelled')
    await expectSound(world, number)
  })

  test('may push once more when it is cancelled, and not after its grace', async () => {
    const { agent, number, assignment } = await begin(world, 'cal')
    const clone = await agent.clone(assignment)
    await world.maintainer.comment(number, '/cancel')
    await agent.stopped(assignment.session.id)
    const saved = await clone.commit({ 'saved.txt': 'saved\n' })
    expect(await clone.push()).toMatchObject({ ok: true })
    await until('it ends', async () => (await world.sessions(number))[0]?.status === 'cancelled')
    await clone.commit({ 'late.txt': 'late\n' })
    await expectRefused(() => clone.push(), OVER)
    expect((await branches(world)).get(assignment.git.branch)).toBe(saved)
    expect(await world.task(number)).toMatchObject({ status: 'cancelled', pullRequestNumber: null })
    await expectSound(world, number)
  })

  test('cannot push when it has completed', async () => {
    const story = await begin(world, 'dee')
    const clone = await story.agent.clone(story.assignment)
    await finish(world, story, clone)
    await clone.commit({ 'late.txt': 'late\n' })
    await expectRefused(() => clone.push(), OVER)
  })
})

describe('work that must not be published', () => {
  afterEach(() => world.dismissAgents())

  test('a person has to look when the last push was refused for a secret', async () => {
    const { agent, number, assignment } = await begin(world, 'eli')
    const clone = await agent.clone(assignment)
    await clone.commit({ 'settings.txt': `token=${SECRET}\n` })
    expect(await clone.push()).toMatchObject({ ok: false })
    await agent.complete(assignment)
    const task = await world.reach(number, 'paused')
    expect(task).toMatchObject({ pauseReason: 'needs_human', needsHuman: true, attempts: 0 })
    const comment = await statusSays(world, number, 'Stopped: a person has to look', 'looks like a secret')
    expect(comment).not.toContain(SECRET)
    await until('the label is on', async () => (await labels(world, number)).includes('needs-human'))
    expect((await branches(world)).has(assignment.git.branch)).toBe(false)
    await expectSound(world, number)

    await world.maintainer.comment(number, '/resume')
    const next = await agent.assignment()
    expect(next.session.mode).toBe('new')
    await agent.accept(next)
    await finish(world, { agent, number, assignment: next })
    await until('the label is off', async () => !(await labels(world, number)).includes('needs-human'))
    await expectSound(world, number)
  })
})

describe('a branch with several hands', () => {
  afterEach(() => world.dismissAgents())

  test('all commits are in the pull request when a session pushes twice', async () => {
    const { agent, number, assignment } = await begin(world, 'fay')
    const clone = await agent.clone(assignment)
    const first = await clone.commit({ 'a.txt': 'a\n' })
    expect(await clone.push()).toMatchObject({ ok: true })
    expect((await branches(world)).get(assignment.git.branch)).toBe(first)
    const task = await finish(world, { agent, number, assignment }, clone)
    const commits = await world.maintainer.call('GET', `/pulls/${task.pullRequestNumber}/commits`)
    expect((commits as unknown as { sha: string }[]).map(({ sha }) => sha)).toEqual([first, task.headSha])
  })

  test('the next session starts from what a person pushed when they pushed to the branch', async () => {
    const { agent, number, assignment } = await begin(world, 'gil')
    const { branch } = assignment.git
    const task = await finish(world, { agent, number, assignment })
    const mine = await personalClone(world, world.maintainer, branch)
    const commit = await mine.commit({ 'from-maya.txt': 'mine\n' })
    expect(await mine.push()).toMatchObject({ ok: true })
    await mine.remove()
    await until('it is known', async () => (await world.task(number))?.headSha === commit)
    await world.process(number)
    const next = await agent.assignment()
    await agent.accept(next)
    const copy = await agent.clone(next)
    expect((await copy.git('rev-parse', 'HEAD')).output.trim()).toBe(commit)
    const again = await finish(world, { agent, number, assignment: next }, copy)
    expect(again.pullRequestNumber).toBe(task.pullRequestNumber)
    await expectSound(world, number)
  })

  test('git says to fetch when a person has pushed to the branch meanwhile, and the merge goes through', async () => {
    const { agent, number, assignment } = await begin(world, 'hal')
    const { branch } = assignment.git
    const clone = await agent.clone(assignment)
    await clone.commit({ 'a.txt': 'a\n' })
    expect(await clone.push()).toMatchObject({ ok: true })
    const mine = await personalClone(world, world.maintainer, branch)
    const commit = await mine.commit({ 'from-maya.txt': 'mine\n' })
    expect(await mine.push()).toMatchObject({ ok: true })
    await mine.remove()
    await clone.commit({ 'b.txt': 'b\n' })
    const before = await branches(world)
    const refused = await clone.push()
    expect(refused.ok).toBe(false)
    expect(refused.output).toMatch(/fetch/)
    expect(await branches(world)).toEqual(before)
    expect(await clone.git('pull', '--quiet', '--no-rebase', '--no-edit', 'origin', branch)).toMatchObject({
      ok: true,
    })
    const task = await finish(world, { agent, number, assignment }, clone)
    const log = await clone.git('log', '--format=%H', task.headSha ?? '')
    expect(log.output).toContain(commit)
    await expectSound(world, number)
  })

  test('the next session starts from the base when a person has deleted the branch', async () => {
    const { agent, number, assignment } = await begin(world, 'ivy')
    const task = await finish(world, { agent, number, assignment })
    await world.maintainer.call('DELETE', `/git/refs/heads/${task.branch}`)
    await until('it is known', async () => (await world.task(number))?.branchDeleted)
    await world.process(number)
    const next = await agent.assignment()
    expect(next.git.branch).toBe(task.branch)
    await agent.accept(next)
    const again = await finish(world, { agent, number, assignment: next })
    expect((await branches(world)).get(again.branch ?? '')).toBe(again.headSha)
    const pull = await world.maintainer.call('GET', `/pulls/${again.pullRequestNumber}`)
    expect(pull).toMatchObject({ state: 'open', head: { sha: again.headSha } })
    await expectSound(world, number)
  })
})
