import { afterAll, beforeAll, expect, test } from 'vitest'
import { finish, statusSays } from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld({ empty: true, private: true, github: { checkResponses: true } })
})
afterAll(() => world.stop())

test('a task in a repository without commits waits with the reason, and goes on by itself after the first push', async () => {
  const agent = await world.scriptedAgent('ada')
  const [first, second] = [await world.openIssue({ title: 'Too early' }), await world.openIssue()]
  await Promise.all([world.process(first), world.process(second)])
  const reason = 'The branch main has no commits yet: push a first one, and it goes on by itself.'
  await Promise.all([first, second].map((number) => statusSays(world, number, 'Waiting to start', reason)))
  await world.maintainer.comment(first, '/why')
  await until('/why is answered', async () =>
    (await world.appComments(first)).some((body) => body.includes('is **ready') && body.includes(reason)),
  )
  expect(await world.task(first)).toMatchObject({
    status: 'ready',
    requested: true,
    branch: null,
    attempts: 0,
  })
  expect(await world.sessions(first)).toEqual([])
  expect((await world.appComments(first)).join('\n')).not.toContain('still being gathered')

  // the first push decides the default branch: it is not the one that an empty repository announces
  const content = Buffer.from('# project\n').toString('base64')
  await world.maintainer.call('PUT', '/contents/README.md', { message: 'Begin', content, branch: 'trunk' })
  const assignment = await agent.assignment()
  expect(assignment.git.base).toBe('trunk')
  await agent.accept(assignment)
  const done = await finish(world, { agent, number: assignment.task.number, assignment })
  const pull = await world.maintainer.call('GET', `/pulls/${done.pullRequestNumber}`)
  expect(pull).toMatchObject({ state: 'open', base: { ref: 'trunk' } })
  const next = await agent.assignment()
  expect(new Set([assignment.task.number, next.task.number])).toEqual(new Set([first, second]))
})
