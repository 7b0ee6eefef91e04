import { createSign } from 'node:crypto'
import { expect, test } from 'vitest'
import { appClient, client, openWorld, type World } from './world.ts'

function jwt(world: World, claims: object, key = world.github.app.privateKey): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`
}

const seconds = () => Math.floor(Date.now() / 1000)

test.each([
  ['lives too long', { exp: 1_200 }, 401, /'exp'\) is too far in the future/],
  ['is over', { iat: -700, exp: -100 }, 401, /future time at which the assertion expires/],
  ['comes from the future', { iat: 300, exp: 600 }, 401, /'Issued at' claim \('iat'\)/],
  ['names another app', { iss: 99 }, 404, /Integration not found/],
])('an app token is refused when it %s', async (_, change, status, message) => {
  await using world = await openWorld()
  const { iss = world.github.app.id, iat = -10, exp = 300 } = change as Record<string, number>
  const token = jwt(world, { iss, iat: seconds() + iat, exp: seconds() + exp })
  await expect(client(world.github, token).rest.apps.getAuthenticated()).rejects.toMatchObject({
    status,
    response: { data: { message: expect.stringMatching(message) } },
  })
})

test('an app token is refused when another key signed it', async () => {
  await using world = await openWorld()
  await using other = await openWorld()
  const claims = { iss: world.github.app.id, iat: seconds() - 10, exp: seconds() + 300 }
  const forged = jwt(world, claims, other.github.app.privateKey)
  await expect(client(world.github, forged).rest.apps.getAuthenticated()).rejects.toMatchObject({
    status: 401,
  })
  const { data } = await client(world.github, jwt(world, claims)).rest.apps.getAuthenticated()
  expect(data).toMatchObject({ slug: 'mission-control', id: world.github.app.id })
})

test('an installation token holds only what it was narrowed to', async () => {
  await using world = await openWorld()
  const { appJwt, github, installationId: installation_id, repo } = world
  const other = await github.createRepository({
    owner: 'octo',
    name: 'other',
    private: true,
    files: { a: '1' },
  })
  await github.install(['octo/other'])
  const { data } = await appJwt.rest.apps.createInstallationAccessToken({
    installation_id,
    repository_ids: [other.id],
    permissions: { issues: 'read' },
  })
  expect(data.token).toMatch(new RegExp(`^ghs_${github.app.id}_`))
  expect(data.token.length).toBeGreaterThan(400)
  expect(data.permissions).toEqual({ metadata: 'read', issues: 'read' })
  const narrow = client(github, data.token)
  const listed = await narrow.rest.apps.listReposAccessibleToInstallation()
  expect(listed.data.repositories.map((repository) => repository.full_name)).toEqual(['octo/other'])
  await expect(narrow.rest.issues.create({ owner: 'octo', repo: 'other', title: 'x' })).rejects.toMatchObject(
    { status: 403 },
  )
  await expect(narrow.rest.issues.create({ ...repo, title: 'x' })).rejects.toMatchObject({ status: 403 })
  expect((await narrow.rest.issues.listForRepo({ owner: 'octo', repo: 'other' })).data).toEqual([])
})

test('a token is refused when more is asked than the installation has', async () => {
  await using world = await openWorld()
  const { appJwt, github, installationId: installation_id } = world
  const hidden = await github.createRepository({ owner: 'octo', name: 'hidden', files: { a: '1' } })
  const ask = (more: object) => appJwt.rest.apps.createInstallationAccessToken({ installation_id, ...more })
  await expect(ask({ permissions: { workflows: 'write' } })).rejects.toMatchObject({ status: 422 })
  await expect(ask({ permissions: { checks: 'write' } })).rejects.toMatchObject({ status: 422 })
  await expect(ask({ repository_ids: [hidden.id] })).rejects.toMatchObject({ status: 422 })
  await expect(ask({ repositories: ['absent'] })).rejects.toMatchObject({ status: 422 })
})

test('a token is refused when its hour is over or the tokens were made to expire', async () => {
  let now = new Date()
  await using world = await openWorld({ now: () => now, accessTokenSeconds: 60 })
  const { appJwt, github, installationId: installation_id, repo } = world
  const token = async () =>
    (await appJwt.rest.apps.createInstallationAccessToken({ installation_id })).data.token
  const first = client(github, await token())
  await first.rest.repos.get(repo)
  now = new Date(now.getTime() + 61_000)
  await expect(first.rest.repos.get(repo)).rejects.toMatchObject({ status: 401 })
  const second = client(github, await token())
  await second.rest.repos.get(repo)
  github.faults.add({ kind: 'token', expireNow: true })
  await expect(second.rest.repos.get(repo)).rejects.toMatchObject({ status: 401 })
})

test('the app is locked out while it is suspended and gone when it is uninstalled', async () => {
  await using world = await openWorld()
  const { app, appJwt, github, installationId, owner, repo } = world
  await app.rest.repos.get(repo)
  github.suspend('octo')
  await expect(app.rest.repos.get(repo)).rejects.toMatchObject({
    status: 403,
    response: { data: { message: 'This installation has been suspended' } },
  })
  await owner.rest.issues.create({ ...repo, title: 'unheard' })
  github.unsuspend('octo')
  await app.rest.repos.get(repo)
  github.uninstall('octo')
  await expect(app.rest.repos.get(repo)).rejects.toMatchObject({ status: 401 })
  await expect(appJwt.rest.apps.getRepoInstallation(repo)).rejects.toMatchObject({ status: 404 })
  await expect(appClient(github, installationId).rest.repos.get(repo)).rejects.toMatchObject({ status: 404 })
  await github.flushWebhooks()
  expect(world.names()).toEqual(['installation.suspend', 'installation.unsuspend', 'installation.deleted'])
})

test('content-creating requests are limited per minute and say when to come back', async () => {
  let now = new Date()
  await using world = await openWorld({ now: () => now, limits: { contentPerMinute: 3 } })
  const { app, owner, repo } = world
  await owner.rest.issues.create({ ...repo, title: 'x' })
  const write = () => app.rest.issues.createComment({ ...repo, issue_number: 1, body: 'x' })
  for (let n = 0; n < 3; n += 1) await write()
  await expect(write()).rejects.toMatchObject({
    status: 403,
    response: {
      headers: { 'retry-after': '60' },
      data: { message: expect.stringContaining('secondary rate limit') },
    },
  })
  now = new Date(now.getTime() + 60_000)
  expect((await write()).status).toBe(201)
  expect(world.github.requests.filter((request) => request.contentCreating)).toHaveLength(6)
})

test('the hourly limit is counted per token and shown in headers', async () => {
  await using world = await openWorld({ limits: { perHour: 3 } })
  const { owner, repo } = world
  const { headers } = await owner.rest.repos.get(repo)
  expect(headers).toMatchObject({
    'x-ratelimit-limit': '3',
    'x-ratelimit-remaining': '2',
    'x-ratelimit-used': '1',
  })
  await owner.rest.repos.get(repo)
  expect((await owner.rest.rateLimit.get()).data.rate.remaining).toBe(0)
  await expect(owner.rest.repos.get(repo)).rejects.toMatchObject({
    status: 403,
    response: { headers: { 'x-ratelimit-remaining': '0' } },
  })
})
