import { expect, test } from 'vitest'
import { createGitHub, type GitHub } from '../../src/github/github.ts'
import type { LimitsPort } from '../../src/github/limits.ts'
import type { LocalGitHubOptions } from '../../src/local-github/server.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { openWorld, type World } from './world.ts'

/** Mission Control's own client on this world, with a clock that a test can move. */
function ownClient(world: World, now: () => Date = () => new Date()): GitHub {
  const blocks = new Map<number, Date>()
  const limits: LimitsPort = {
    blockedUntil: async (installationId) => blocks.get(installationId) ?? null,
    block: async (installationId, until) => void blocks.set(installationId, until),
  }
  const { github } = world
  return createGitHub({
    appId: github.app.id,
    privateKey: github.app.privateKey,
    apiUrl: github.apiUrl,
    gitUrl: github.gitUrl,
    limits,
    logger: createLogger('silent'),
    clock: { now },
    retryDelayMs: 5,
    readTimeoutMs: 150,
    writeTimeoutMs: 150,
  })
}

function target({ installationId }: World) {
  return { installationId, owner: 'octo', name: 'demo', repositoryId: 0 }
}

const secondary = {
  message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
  documentation_url:
    'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits',
}

/** Asks as somebody; answers status, headers and body. */
async function ask(
  world: World,
  path: string,
  init: { token?: string; etag?: string; method?: string } = {},
) {
  const { etag, method = 'GET', token } = init
  const response = await fetch(world.github.apiUrl + path, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(etag && { 'if-none-match': etag }),
    },
  })
  const text = await response.text()
  const { status, headers } = response
  return { status, headers, body: text === '' ? null : (JSON.parse(text) as Record<string, unknown>) }
}

const owned = async (limits: NonNullable<LocalGitHubOptions['limits']>, now?: () => Date) => {
  const world = await openWorld({ limits, ...(now && { now }) })
  return { world, token: world.github.createUser('octo').token }
}

test.each([
  ['an answer', '/repos/octo/demo', 200],
  ['a refusal', '/repos/octo/absent', 404],
  ['an unknown path', '/nowhere', 404],
  ['what is not emulated', '/repos/octo/demo/actions/runs', 501],
])('%s carries the five headers of the rate limit', async (_, path, status) => {
  await using world = await openWorld()
  const answer = await ask(world, path, { token: world.github.createUser('octo').token })
  expect(answer.status).toBe(status)
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '4999',
    'x-ratelimit-used': '1',
    'x-ratelimit-reset': expect.stringMatching(/^\d{10}$/),
    'x-ratelimit-resource': 'core',
  })
})

test.each([
  ['bad credentials', { token: 'ghp_unknown' }, 401],
  ['an answer to nobody', {}, 200],
])('%s carries the rate of those without a token', async (_, init, status) => {
  await using world = await openWorld()
  const answer = await ask(world, '/repos/octo/demo', init)
  expect([answer.status, answer.headers.get('x-ratelimit-limit')]).toEqual([status, '60'])
})

test.each([403, 429] as const)(
  'the hourly limit is refused with %s, shown in headers and over with its hour',
  async (status) => {
    let now = new Date()
    const { world, token } = await owned({ perHour: 3, status }, () => now)
    await using _ = world
    for (const remaining of ['2', '1', '0'])
      expect((await ask(world, '/user', { token })).headers.get('x-ratelimit-remaining')).toBe(remaining)
    const refused = await ask(world, '/user', { token })
    expect(refused).toMatchObject({
      status,
      body: {
        message: `API rate limit exceeded for user ID ${world.github.createUser('octo').id}.`,
        documentation_url: 'https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting',
      },
    })
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0')
    expect(refused.headers.get('retry-after')).toBeNull()
    now = new Date(Number(refused.headers.get('x-ratelimit-reset')) * 1_000)
    expect((await ask(world, '/user', { token })).status).toBe(200)
  },
)

test('asking for the limit is free', async () => {
  const { world, token } = await owned({ perHour: 2 })
  await using _ = world
  await ask(world, '/user', { token })
  for (let n = 0; n < 3; n += 1) {
    const { body } = await ask(world, '/rate_limit', { token })
    expect(body).toMatchObject({ rate: { limit: 2, used: 1, remaining: 1 } })
  }
})

test('an answer that the caller has already is a 304 that is not counted', async () => {
  const { world, token } = await owned({})
  await using _ = world
  const first = await ask(world, '/repos/octo/demo', { token })
  const etag = first.headers.get('etag') ?? ''
  expect(etag).toMatch(/^W\/"[0-9a-f]{64}"$/)
  const second = await ask(world, '/repos/octo/demo', { token, etag })
  expect([second.status, second.body, second.headers.get('x-ratelimit-used')]).toEqual([304, null, '1'])
  await world.owner.rest.repos.update({ ...world.repo, description: 'other' })
  expect((await ask(world, '/repos/octo/demo', { token, etag })).status).toBe(200)
})

test('reads cost one point and writes five, and too many in a minute meet the secondary limit', async () => {
  let now = new Date()
  const { world, token } = await owned({ pointsPerMinute: 7 }, () => now)
  await using _ = world
  const statuses = [
    (await ask(world, '/user', { token })).status,
    (await ask(world, '/repos/octo/demo/issues/1/lock', { token, method: 'PUT' })).status,
    (await ask(world, '/user', { token })).status,
  ]
  expect(statuses).toEqual([200, 404, 200])
  const refused = await ask(world, '/user', { token })
  expect(refused).toMatchObject({ status: 403, body: secondary })
  const seconds = Number(refused.headers.get('retry-after'))
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThanOrEqual(60)
  now = new Date(now.getTime() + seconds * 1_000)
  expect((await ask(world, '/user', { token })).status).toBe(200)
})

test.each([
  ['minute', { contentPerMinute: 2 }, 60],
  ['hour', { contentPerHour: 2 }, 3_600],
])('too much content in a %s says when to come back', async (_, limits, seconds) => {
  let now = new Date()
  await using world = await openWorld({ limits, now: () => now })
  const { owner, repo } = world
  const write = () => owner.rest.issues.create({ ...repo, title: 'x' })
  await write()
  await write()
  await expect(write()).rejects.toMatchObject({
    status: 403,
    response: {
      headers: { 'retry-after': String(seconds), 'x-ratelimit-remaining': '4997' },
      data: { message: expect.stringContaining('temporarily blocked from content creation') },
    },
  })
  now = new Date(now.getTime() + seconds * 1_000)
  expect((await write()).status).toBe(201)
})

test('our client leaves an installation alone for as long as a secondary limit says', async () => {
  let now = new Date()
  await using world = await openWorld({ limits: { contentPerMinute: 1 }, now: () => now })
  const [github, at] = [ownClient(world, () => now), target(world)]
  await world.asUser('visitor').rest.issues.create({ ...world.repo, title: 'x' })
  await github.comments.create(at, 1, 'one')
  await expect(github.comments.create(at, 1, 'two')).rejects.toMatchObject({ kind: 'rate_limited' })
  const sent = world.github.requests.length
  now = new Date(now.getTime() + 58_000)
  await expect(github.issues.get(at, 1)).rejects.toMatchObject({ kind: 'rate_limited' })
  expect(world.github.requests).toHaveLength(sent)
  now = new Date(now.getTime() + 3_000)
  await github.comments.create(at, 1, 'two')
  expect(world.github.requests).toHaveLength(sent + 1)
})

test.each([403, 429] as const)(
  'our client waits for the reset when the hour is used up (%s)',
  async (status) => {
    let now = new Date()
    await using world = await openWorld({ limits: { perHour: 2, status }, now: () => now })
    const [github, at] = [ownClient(world, () => now), target(world)]
    await world.owner.rest.issues.create({ ...world.repo, title: 'x' })
    await github.issues.get(at, 1)
    await github.issues.get(at, 1)
    const sent = world.github.requests.length
    await expect(github.issues.get(at, 1)).rejects.toMatchObject({ kind: 'rate_limited' })
    expect(world.github.requests).toHaveLength(sent)
    now = new Date(now.getTime() + 3_000_000)
    await expect(github.issues.get(at, 1)).rejects.toMatchObject({ kind: 'rate_limited' })
    expect(world.github.requests).toHaveLength(sent)
  },
)

test('our client gives up on a hanging read, asks again and gets it; a hanging write stays uncertain', async () => {
  await using world = await openWorld()
  const [github, at] = [ownClient(world), target(world)]
  await world.owner.rest.issues.create({ ...world.repo, title: 'x' })
  world.github.faults.add({ kind: 'request', operationId: 'issues/get', effect: 'hang' })
  expect((await github.issues.get(at, 1)).title).toBe('x')
  world.github.faults.add({ kind: 'request', operationId: 'issues/create-comment', effect: 'hang' })
  await expect(github.comments.create(at, 1, 'lost')).rejects.toMatchObject({ kind: 'uncertain' })
  const { data } = await world.owner.rest.issues.listComments({ ...world.repo, issue_number: 1 })
  expect(data).toEqual([])
})
