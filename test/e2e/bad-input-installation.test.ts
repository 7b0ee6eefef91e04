import { afterAll, beforeAll, expect, test } from 'vitest'
import { begin, finish, pullRequests, type Story, settled, statusSays } from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.stop())

const OWNER = 'maya'

/** The session of a story is over at once, its agent knows, and nothing of it reaches GitHub any more. */
async function expectRevoked(
  { agent, assignment, number }: Story,
  because: string,
  clone: Awaited<ReturnType<Story['agent']['clone']>>,
): Promise<void> {
  expect(await agent.stopped(assignment.session.id)).toMatchObject({ reason: 'revoked' })
  const pushed = await clone.push()
  expect(pushed.ok).toBe(false)
  expect(await agent.progress(assignment)).toMatchObject({ type: 'refused', code: 'session_ended' })
  expect(await agent.complete(assignment)).toMatchObject({ type: 'refused', code: 'session_ended' })
  const sessions = await world.sessions(number)
  expect(sessions.at(-1)).toMatchObject({ status: 'cancelled', endedAt: expect.any(Date) })
  expect(await world.task(number)).toMatchObject({
    status: 'ready',
    requested: true,
    frozen: true,
    attempts: 0,
    statusBecause: because,
  })
}

/** The task goes on by itself, with a new session of the same agent, and ends with one pull request. */
async function expectGoesOn(story: Story): Promise<void> {
  const assignment = await story.agent.assignment()
  expect(assignment.task.number).toBe(story.number)
  expect(assignment.session.id).not.toBe(story.assignment.session.id)
  await story.agent.accept(assignment)
  const done = await finish(world, { ...story, assignment })
  const opened = (await pullRequests(world)).filter((pull) => pull.head.ref === done.branch)
  expect(opened).toHaveLength(1)
}

/** An agent at work, with a working copy that has a commit to push. */
async function atWork(name: string, title: string) {
  const story = await begin(world, name, { title })
  const clone = await story.agent.clone(story.assignment)
  await clone.commit({ 'half.txt': 'half\n' })
  return { story, clone }
}

test('an app that is suspended while a session runs ends it; unsuspended, the task goes on', async () => {
  const { story, clone } = await atWork('ada', 'Suspended meanwhile')
  world.github.suspend(OWNER)
  await expectRevoked(story, 'The app is suspended in this account.', clone)
  world.github.unsuspend(OWNER)
  await expectGoesOn(story)
})

test('an app that is uninstalled while a session runs ends it; installed again, the task goes on', async () => {
  const { story, clone } = await atWork('bob', 'Uninstalled meanwhile')
  const before = await world.project()
  world.github.uninstall(OWNER)
  await expectRevoked(story, 'The app was uninstalled from this account.', clone)
  const { installationId } = await world.github.install([world.repository])
  expect(installationId).not.toBe(before?.installationId)
  await expectGoesOn(story)
  expect(await world.project()).toMatchObject({ id: before?.id, installationId, frozenBecause: null })
})

test('an archived repository ends its session; unarchived, the task goes on', async () => {
  const { story, clone } = await atWork('cleo', 'Archived meanwhile')
  await world.maintainer.call('PATCH', '', { archived: true })
  await expectRevoked(story, 'The repository is archived.', clone)
  // another reason that comes and goes does not undo the first one
  world.github.suspend(OWNER)
  world.github.unsuspend(OWNER)
  await world.github.flushWebhooks()
  await settled(world)
  expect(await world.project()).toMatchObject({ frozenBecause: 'The repository is archived.' })
  await world.maintainer.call('PATCH', '', { archived: false })
  await expectGoesOn(story)
})

test('a transferred repository without the app there ends its session; with the app at the new owner it goes on', async () => {
  const { story, clone } = await atWork('dora', 'Transferred meanwhile')
  world.github.createUser('nora')
  await world.maintainer.call('POST', '/transfer', { new_owner: 'nora' })
  await expectRevoked(story, 'The app no longer has access to this repository.', clone)
  expect(await world.project()).toMatchObject({ ownerLogin: 'nora' })
  const { installationId } = await world.github.install(['nora/project'])
  const assignment = await story.agent.assignment()
  expect(assignment.project.name).toBe('nora/project')
  expect(assignment.git.url).toContain('/git/nora/project.git')
  await story.agent.accept(assignment)
  await finish(world, { ...story, assignment })
  expect(await world.project()).toMatchObject({ installationId, ownerLogin: 'nora', frozenBecause: null })
  const pulls = await world.maintainer.call('GET', '/pulls?state=open')
  expect(JSON.stringify(pulls)).toContain('agent/dora-transferred-meanwhile')
  // and back again, for the stories after this one
  const nora = world.github.createUser('nora')
  await fetch(`${world.github.apiUrl}/repos/nora/project/transfer`, {
    method: 'POST',
    headers: { authorization: `token ${nora.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ new_owner: OWNER }),
  })
  await world.github.install([world.repository])
  await until('it is back', async () => {
    const project = await world.project()
    return project?.ownerLogin === OWNER && project.frozenBecause === null
  })
})

test('a repository that is renamed while a session runs: its clone keeps its address, later ones have the new one', async () => {
  const { story, clone } = await atWork('eve', 'Renamed meanwhile')
  expect(story.assignment.git.url).toContain('/git/maya/project.git')
  await world.maintainer.call('PATCH', '', { name: 'renamed' })
  await until('the new name is known', async () => (await world.project())?.name === 'renamed')
  expect(await clone.push()).toMatchObject({ ok: true })
  expect((await clone.git('fetch', 'origin')).ok).toBe(true)
  await finish(world, story, clone)
  const next = await begin(world, 'fay', { title: 'After the rename' })
  expect(next.assignment.git.url).toContain('/git/maya/renamed.git')
  await finish(world, next)
  await statusSays(world, story.number, `${world.github.webUrl}/maya/renamed/`)
})

test('a session cannot reach another repository with its token, by whatever name', async () => {
  const story = await begin(world, 'gil', { title: 'One repository only' })
  await world.github.createRepository({ owner: OWNER, name: 'other', files: { a: '1' } })
  const basic = Buffer.from(`x:${story.assignment.session.token}`).toString('base64')
  for (const name of ['maya/other', 'maya/project', 'oscar/renamed', 'maya/..%2fother'])
    expect(
      (
        await fetch(`${world.server.url}/git/${name}.git/info/refs?service=git-upload-pack`, {
          headers: { authorization: `Basic ${basic}` },
        })
      ).status,
      name,
    ).toBeGreaterThanOrEqual(400)
  await finish(world, story)
})
