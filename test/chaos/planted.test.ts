import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { eventsAfter } from '../../chaos/github-events.ts'
import type { AgentPlace, Subject } from '../../chaos/invariants/subject.ts'
import { Watch } from '../../chaos/invariants/watch.ts'
import {
  type AppAccount,
  type Finished,
  finishedTask,
  plantComment,
  plantCost,
  plantDirectory,
  plantGateway,
  plantProcess,
  plantPullRequest,
  plantPush,
  plantSession,
} from '../../chaos/plants.ts'
import { createServerKeys } from '../../src/runtime/keys.ts'
import { begin, finish } from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World
let directory: string
let agent: AgentPlace
let subject: Subject
/** Tells each violation once, so that what an earlier test has broken is no news to a later one. */
let watch: Watch
let stack: AsyncDisposableStack
/** It has ended as it should, before anything is planted. */
let task: Finished
let number = 0

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mc-planted-'))
  world = await createWorld()
  agent = { name: 'ada', workDir: join(directory, 'ada'), runsSince: () => 0 }
  subject = {
    db: world.database.db,
    keys: createServerKeys(world.serverKey),
    leaseMs: 2_000,
    gatewayUrl: world.server.url,
    agents: [agent],
    repositories: [world.repository],
    asked: () => [{ repository: world.repository, number }],
    github: {
      events: async (after) => eventsAfter(world.github.deliveries(), after),
      read: (path) => api('GET', path),
    },
  }
  watch = new Watch(subject)
  const story = await begin(world, 'ada')
  await finish(world, story)
  number = story.number
  expect(await watch.converge(25_000, 100)).toMatchObject({ violations: [] })
  task = await finishedTask(world.database.db)
})
beforeEach(async () => {
  stack = new AsyncDisposableStack()
  expect(await broken(watch)).toEqual([])
})
afterEach(async () => {
  await stack.disposeAsync()
  await world.dismissAgents()
})
afterAll(async () => {
  await world.stop()
  await rm(directory, { recursive: true, force: true })
})

/** What the maintainer asks of any path. */
function api(method: string, path: string, body?: unknown): Promise<unknown> {
  return world.maintainer.call(method, path.replace(`/repos/${world.repository}`, ''), body)
}

/** The invariants that the end finds broken, each once. */
async function broken(by: Watch): Promise<string[]> {
  const { violations } = await by.end()
  return [...new Set(violations.map(({ invariant }) => invariant))]
}

async function account(): Promise<AppAccount> {
  const project = await world.project()
  if (project === undefined) throw new Error('there is no project')
  const { app, apiUrl, gitUrl } = world.github
  return { ...app, installationId: project.installationId, apiUrl, gitUrl }
}

test('a second pull request of a task is caught when somebody opens one', async () => {
  await plantPullRequest(api, task)
  expect(await broken(watch)).toEqual(['one-pull-request'])
})

test('a second status comment of a task is caught when somebody posts one', async () => {
  await plantComment(api, task)
  expect(await broken(watch)).toEqual(['one-status-comment'])
})

test('a push is caught when it comes with the rights of a session that has ended', async () => {
  const pushes = () => world.github.deliveries().filter(({ event }) => event === 'push').length
  const before = pushes()
  await plantPush(await account(), task, directory)
  await until('GitHub tells of the push', () => pushes() > before)
  expect(await broken(watch)).toEqual(['fencing'])
})

test('a broken rule of the database is caught when a task costs more than its sessions', async () => {
  await plantCost(world.database.db, task)
  expect(await broken(watch)).toEqual(['database-rules'])
})

test('a process is caught when it outlives its session', async () => {
  plantProcess(stack, agent, task)
  const seen = await until('the process is found', async () => {
    const found = await broken(watch)
    return found.length > 0 && found
  })
  expect(seen).toEqual(['no-orphan-process'])
})

test('a directory is caught when it outlives its session', async () => {
  const path = await plantDirectory(agent, task)
  stack.defer(() => rm(path, { recursive: true }))
  expect(await broken(watch)).toEqual(['no-leftover-directory'])
})

test('a token is caught when a gateway takes it after its session has ended', async () => {
  const gatewayUrl = await plantGateway(stack)
  const open = new Watch({ ...subject, gatewayUrl })
  expect(await broken(open)).toContain('no-live-token')
})

test('a task is caught when its agent shows signs of life and never ends', async () => {
  const story = await begin(world, 'dora')
  const asked = [{ repository: world.repository, number: story.number }]
  const alone = new Watch({ ...subject, asked: () => asked })
  const { violations } = await alone.converge(500, 100)
  const subjects = violations.map(({ invariant, subject }) => `${invariant} ${subject}`)
  expect(subjects).toEqual([`convergence ${world.repository}#${story.number}`])
  await finish(world, story)
})

test('two live sessions of a task are caught when the index is gone that forbids them', async () => {
  await begin(world, 'bob')
  await world.scriptedAgent('cara')
  await watch.look()
  await plantSession(world.database.db)
  const found = await watch.look()
  expect(found.map(({ invariant }) => invariant)).toEqual(['one-session'])
})
