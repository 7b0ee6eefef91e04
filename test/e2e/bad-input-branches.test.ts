import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { begin, branches, finish, statusSays } from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.stop())

const deleteBranch = async (branch: string): Promise<void> => {
  await world.maintainer.call('DELETE', `/git/refs/heads/${branch}`)
  await world.github.flushWebhooks()
}

describe('a deleted branch of an agent', () => {
  test('is made again from the base by the next session', async () => {
    const story = await begin(world, 'ada', { title: 'Between sessions' })
    const clone = await story.agent.clone(story.assignment)
    const lost = await clone.commit({ 'half.txt': 'half\n' })
    expect(await clone.push()).toMatchObject({ ok: true })
    await story.agent.complete(story.assignment, { outcome: 'needs_clarification', question: 'Which one?' })
    const paused = await world.reach(story.number, 'paused')
    await deleteBranch(paused.branch ?? '')
    await until('the deletion is known', async () => (await world.task(story.number))?.branchDeleted)
    await world.maintainer.comment(story.number, 'The other one.')
    const assignment = await story.agent.assignment()
    expect(assignment).toMatchObject({
      session: { mode: 'new' },
      git: { branch: paused.branch, base: 'main' },
    })
    await story.agent.accept(assignment)
    const again = await story.agent.clone(assignment)
    expect((await again.git('branch', '--remotes')).output).not.toContain('half')
    expect((await again.git('cat-file', '-e', `origin/${paused.branch}`)).ok).toBe(false)
    const done = await finish(world, { ...story, assignment }, again)
    expect((await branches(world)).get(paused.branch ?? '')).toBe(done.headSha)
    expect((await again.git('merge-base', '--is-ancestor', lost, 'HEAD')).ok).toBe(false)
  })

  test('is made again by the push of the session that runs, which has the commits', async () => {
    const story = await begin(world, 'bob', { title: 'While it runs' })
    const clone = await story.agent.clone(story.assignment)
    const first = await clone.commit({ 'first.txt': '1\n' })
    expect(await clone.push()).toMatchObject({ ok: true })
    await deleteBranch(story.assignment.git.branch)
    await until('the deletion is known', async () => (await world.task(story.number))?.branchDeleted)
    const done = await finish(world, story, clone)
    expect((await branches(world)).get(story.assignment.git.branch)).toBe(done.headSha)
    expect((await clone.git('merge-base', '--is-ancestor', first, 'HEAD')).ok).toBe(true)
    expect(done.branchDeleted).toBe(false)
  })

  test('is told to an agent that pushes before anybody else knows: fetch, then it works', async () => {
    const story = await begin(world, 'cleo', { title: 'Faster than the webhook' })
    const clone = await story.agent.clone(story.assignment)
    await clone.commit({ 'first.txt': '1\n' })
    expect(await clone.push()).toMatchObject({ ok: true })
    world.github.faults.add({ kind: 'webhook', event: 'push', times: 1, effect: 'drop' })
    await world.maintainer.call('DELETE', `/git/refs/heads/${story.assignment.git.branch}`)
    await clone.commit({ 'second.txt': '2\n' })
    const refused = await clone.push()
    expect(refused.ok).toBe(false)
    expect(refused.output).toContain('fetch')
    await clone.git('fetch', '--prune', 'origin')
    expect(await clone.push()).toMatchObject({ ok: true })
    await finish(world, story, clone)
  })

  test('takes its pull request and the review along; a new request starts from the base', async () => {
    const story = await begin(world, 'dora', { title: 'In review' })
    const done = await finish(world, story)
    await deleteBranch(done.branch ?? '')
    const back = await world.reach(story.number, 'backlog')
    expect(back).toMatchObject({ branchDeleted: true, headSha: null })
    await statusSays(world, story.number, 'closed without merging')
    await world.process(story.number)
    const assignment = await story.agent.assignment()
    expect(assignment).toMatchObject({ session: { mode: 'new' }, git: { branch: done.branch } })
    await story.agent.accept(assignment)
    const again = await finish(world, { ...story, assignment })
    expect(again.pullRequestNumber).not.toBe(done.pullRequestNumber)
  })
})

test('the default branch gets another name while a session runs: the pull request goes to the new one', async () => {
  const story = await begin(world, 'eve', { title: 'Rename the trunk' })
  const clone = await story.agent.clone(story.assignment)
  const main = (await branches(world)).get('main')
  await world.maintainer.call('POST', '/git/refs', { ref: 'refs/heads/trunk', sha: main })
  await world.maintainer.call('PATCH', '', { default_branch: 'trunk' })
  await world.maintainer.call('DELETE', '/git/refs/heads/main')
  await world.github.flushWebhooks()
  await until('the new name is known', async () => (await world.project())?.defaultBranch === 'trunk')
  const done = await finish(world, story, clone)
  const pull = await world.maintainer.call('GET', `/pulls/${done.pullRequestNumber}`)
  expect(pull).toMatchObject({ state: 'open', base: { ref: 'trunk' } })

  const next = await begin(world, 'fay', { title: 'After the rename' })
  expect(next.assignment.git.base).toBe('trunk')
  await finish(world, next)
})
