import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld()
})

afterAll(() => world.stop())

test('a labelled issue becomes a merged pull request when the real runner does the work', async () => {
  await world.agentProcess('ada', 'sed -i s/41/42/ src/code.js')
  const number = await world.openIssue({ title: 'The answer is wrong' })
  await world.process(number)
  const task = await world.reach(number, 'review', (now) => now.pullRequestNumber !== null)
  expect(task.branch).toBe(`agent/ada-the-answer-is-wrong-${number}`)

  const pull = await world.maintainer.call('GET', `/pulls/${task.pullRequestNumber}`)
  expect(pull).toMatchObject({ state: 'open', head: { ref: task.branch }, user: { type: 'Bot' } })
  expect(pull.body).toContain(`Closes #${number}`)

  await world.maintainer.call('PUT', `/pulls/${task.pullRequestNumber}/merge`, { merge_method: 'merge' })
  await world.reach(number, 'done')
  const issue = await world.maintainer.call('GET', `/issues/${number}`)
  expect(issue).toMatchObject({ state: 'closed', state_reason: 'completed', labels: [] })
  const code = await world.github.requests.find((request) => request.operationId === 'git')
  expect(code?.actor).toBe('installation')
  const [session] = await world.sessions(number)
  expect(session).toMatchObject({ status: 'completed', attempt: 1, mode: 'new' })
  await until('the comment says done', async () => (await world.appComments(number))[0]?.includes('Done'))
  expect(await world.appComments(number)).toHaveLength(1)
})

test('the pull request opens when a scripted agent pushes by itself', async () => {
  const agent = await world.scriptedAgent('grace')
  const number = await world.openIssue({ title: 'Ask for Grace', labels: ['agent: grace'] })
  await world.process(number)
  const assignment = await agent.assignment()
  expect((await agent.accept(assignment)).type).toBe('answer')
  expect(assignment.context.markdown).toContain('It should be 42.')
  const clone = await agent.clone(assignment)
  const commit = await clone.commit({ 'src/more.js': 'export {}\n' })
  expect(await clone.push()).toMatchObject({ ok: true })
  expect((await agent.complete(assignment)).type).toBe('answer')
  const task = await world.reach(number, 'review', (now) => now.pullRequestNumber !== null)
  expect(task.headSha).toBe(commit)
})
