import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { begin, branches, expectSound, labels, personalClone, statusSays } from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld({ files: { '.github/mission-control.yml': 'publish: after_approval\n' } })
})
afterEach(() => world.dismissAgents())
afterAll(() => world.stop())

/** Work that waits for `/approve`. */
async function hold(name: string) {
  const { agent, number, assignment } = await begin(world, name)
  const clone = await agent.clone(assignment)
  const commit = await clone.commit({ [`${name}.txt`]: 'held\n' })
  expect(await clone.push()).toMatchObject({ ok: true })
  await agent.complete(assignment)
  await world.reach(number, 'review')
  return { number, commit, branch: assignment.git.branch }
}

test('a person has to look when approved commits would remove those of somebody else', async () => {
  const { number, branch } = await hold('ana')
  const clone = await personalClone(world, world.maintainer, branch)
  const theirs = await clone.commit({ 'mine.txt': 'mine\n' })
  expect(await clone.push()).toMatchObject({ ok: true })
  await clone.remove()
  await world.maintainer.comment(number, '/approve')
  expect(await world.reach(number, 'paused')).toMatchObject({ pauseReason: 'needs_human', needsHuman: true })
  expect((await branches(world)).get(branch)).toBe(theirs)
  await statusSays(world, number, 'has other commits on GitHub')
  await until('the label is there', async () => (await labels(world, number)).includes('needs-human'))
  await expectSound(world, number)
})

test('approved commits are published in the end when their job has given up', async () => {
  const { number, branch, commit } = await hold('ben')
  // the job dies at its first try, and nobody tries it again
  world.github.faults.add({ kind: 'request', operationId: 'git', times: 1, effect: { status: 503 } })
  await world.database.pool.query("update pgboss.queue set retry_limit = 0 where name = 'publish-held'")
  await world.maintainer.comment(number, '/approve')
  const failed = "select 1 from pgboss.job where name = 'publish-held' and state = 'failed'"
  await until('the job has failed', async () => (await world.database.pool.query(failed)).rowCount === 1)
  const task = await world.reach(number, 'review', (now) => now.pullRequestNumber !== null)
  expect(task.needsHuman).toBe(false)
  expect((await branches(world)).get(branch)).toBe(commit)
  await statusSays(world, number, 'Ready for review', `#${task.pullRequestNumber}`)
  await expectSound(world, number)
})
