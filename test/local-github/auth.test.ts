import { createSign } from 'node:crypto'
import { expect, test } from 'vitest'
import { createRedact } from '../../src/agent/redaction.ts'
import { findSecrets, redactSecrets } from '../../src/domain/secrets.ts'
import { appClient, client, openWorld, type World } from './world.ts'

function jwt(world: World, claims: object, key = world.github.app.privateKey): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`
}

const seconds = () => Math.floor(Date.now() / 1000)

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

test('an installation token has the form and the length of today, and is redacted as a whole', async () => {
  await using world = await openWorld()
  const { appJwt, github, installationId: installation_id } = world
  const { data } = await appJwt.rest.apps.createInstallationAccessToken({ installation_id })
  const [, app, header = '', claims = '', signature] =
    /^ghs_(\d+)_([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(data.token) ?? []
  const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  expect(app).toBe(String(github.app.id))
  expect(data.token.length).toBeGreaterThan(480)
  expect(data.token.length).toBeLessThan(600)
  expect(read(header)).toEqual({ alg: 'RS256', typ: 'JWT' })
  expect(read(claims)).toMatchObject({
    iss: 'github.com',
    sub: `installation:${installation_id}`,
    exp: Date.parse(data.expires_at) / 1_000,
    iat: Date.parse(data.expires_at) / 1_000 - 3_600,
  })
  expect(signature).toHaveLength(342)
  const text = `remote: https://x-access-token:${data.token}@github.test/octo/demo.git`
  const hidden = 'remote: https://x-access-token:[redacted: GitHub token]@github.test/octo/demo.git'
  expect(redactSecrets(text)).toBe(hidden)
  expect(createRedact([])(text, 1_000)).toBe(hidden)
  expect(findSecrets(text).map(({ rule }) => rule)).toContain('GitHub token')
})
