import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { openWorld, type World } from './world.ts'

const run = promisify(execFile)

/** A clone in a directory that is removed at the end; the password is the token. */
async function clone(world: World, token: string, fullName = 'octo/demo') {
  const directory = await mkdtemp(path.join(tmpdir(), 'local-github-clone-'))
  const address = new URL(`${world.github.gitUrl}/${fullName}.git`)
  address.username = 'x-access-token'
  address.password = token
  const git = async (...args: string[]) => {
    const identity = ['-c', 'user.name=Agent', '-c', 'user.email=agent@example.com']
    const { stdout, stderr } = await run('git', ['-C', directory, ...identity, ...args])
    return stdout + stderr
  }
  await run('git', ['clone', '--quiet', address.href, directory]).catch(async (error: unknown) => {
    await rm(directory, { recursive: true, force: true })
    throw error
  })
  return {
    git,
    write: (file: string, text: string) => writeFile(path.join(directory, file), text),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

async function installationToken(world: World): Promise<string> {
  return ((await world.app.auth({ type: 'installation' })) as { token: string }).token
}

test('a push over git is told with its commits when the app pushes a branch', async () => {
  await using world = await openWorld()
  await using work = await clone(world, await installationToken(world))
  await work.git('switch', '--quiet', '--create', 'agent/x-1')
  await work.write('new.txt', 'new\n')
  await work.git('add', '.')
  await work.git('commit', '--quiet', '--message', 'Add a file')
  await work.git('push', '--quiet', 'origin', 'agent/x-1')
  await world.github.flushWebhooks()
  expect(world.names()).toEqual(['create', 'push'])
  expect(world.received[1]?.payload).toMatchObject({
    ref: 'refs/heads/agent/x-1',
    created: true,
    sender: { login: 'mission-control[bot]', type: 'Bot' },
    commits: [{ message: 'Add a file', added: ['new.txt'], author: { name: 'Agent' } }],
  })
  const { data } = await world.app.rest.repos.listBranches(world.repo)
  expect(data.map((branch) => branch.name)).toEqual(['agent/x-1', 'main'])
  expect(world.github.requests.some((request) => request.operationId === 'git')).toBe(true)
})

test('the first pushed branch becomes the default branch of an empty repository', async () => {
  await using world = await openWorld()
  const { github, owner } = world
  await github.createRepository({ owner: 'octo', name: 'empty' })
  await using work = await clone(world, github.createUser('octo').token, 'octo/empty')
  await work.git('switch', '--quiet', '--orphan', 'trunk')
  await work.write('a', '1')
  await work.git('add', '.')
  await work.git('commit', '--quiet', '--message', 'First')
  await work.git('push', '--quiet', 'origin', 'trunk')
  await github.flushWebhooks()
  const { data } = await owner.rest.repos.get({ owner: 'octo', repo: 'empty' })
  expect(data.default_branch).toBe('trunk')
})

test('git refuses readers, strangers and installations without contents', async () => {
  await using world = await openWorld()
  const { appJwt, github, installationId: installation_id } = world
  const { data } = await appJwt.rest.apps.createInstallationAccessToken({
    installation_id,
    permissions: { contents: 'read' },
  })
  for (const [token, reason] of [
    [github.createUser('reader').token, /403|denied/],
    [data.token, /403|denied/],
  ] as const) {
    await using work = await clone(world, token)
    await work.git('commit', '--quiet', '--allow-empty', '--message', 'x')
    await expect(work.git('push', 'origin', 'HEAD:refs/heads/x')).rejects.toThrow(reason)
  }
  await github.createRepository({ owner: 'octo', name: 'secret', private: true, files: { a: '1' } })
  for (const token of ['ghp_wrong', github.createUser('outsider').token])
    await expect(clone(world, token, 'octo/secret')).rejects.toThrow(/Authentication failed|not found/)
})

test('the old name leads to the new one, over REST and git, when a repository is renamed', async () => {
  await using world = await openWorld()
  const { app, github, owner, received, repo } = world
  await owner.rest.repos.update({ ...repo, name: 'renamed' })
  const { data } = await app.rest.repos.get(repo)
  expect(data.full_name).toBe('octo/renamed')
  const created = await owner.rest.issues.create({ ...repo, title: 'By the old name' })
  expect(created.status).toBe(201)
  const raw = await fetch(`${github.apiUrl}/repos/octo/demo/issues`, { redirect: 'manual' })
  expect([raw.status, raw.headers.get('location')]).toEqual([
    301,
    `${github.apiUrl}/repositories/${data.id}/issues`,
  ])
  await using work = await clone(world, github.createUser('octo').token)
  expect(await work.git('log', '--oneline')).toContain('Initial commit')
  await github.flushWebhooks()
  expect(received[0]).toMatchObject({
    event: 'repository',
    action: 'renamed',
    payload: { changes: { repository: { name: { from: 'demo' } } }, repository: { name: 'renamed' } },
  })
})

test('the app loses a repository when it is transferred or deleted', async () => {
  await using world = await openWorld()
  const { app, github, owner, repo } = world
  github.createUser('buyer')
  await owner.rest.repos.transfer({ ...repo, new_owner: 'buyer' })
  await expect(app.rest.issues.create({ ...repo, title: 'x' })).rejects.toMatchObject({ status: 403 })
  await github.createRepository({ owner: 'octo', name: 'second', files: { a: '1' } })
  await github.install(['octo/second'])
  await owner.rest.repos.delete({ owner: 'octo', repo: 'second' })
  await github.flushWebhooks()
  expect(world.names()).toEqual([
    'repository.transferred',
    'installation_repositories.removed',
    'installation_repositories.added',
    'repository.deleted',
    'installation_repositories.removed',
  ])
})

test('settings are told as edited, archived, unarchived, privatized and publicized', async () => {
  await using world = await openWorld()
  const { github, owner, repo } = world
  const update = (change: object) => owner.rest.repos.update({ ...repo, ...change })
  await update({ description: 'A demo' })
  await update({ private: true })
  await update({ visibility: 'public' })
  await update({ archived: true })
  await update({ archived: false })
  await github.flushWebhooks()
  expect(world.names()).toEqual(
    ['edited', 'privatized', 'publicized', 'archived', 'unarchived'].map((action) => `repository.${action}`),
  )
})

test.each([
  ['read', 'read'],
  ['triage', 'read'],
  ['write', 'write'],
  ['maintain', 'write'],
  ['admin', 'admin'],
] as const)('the permission is folded and role_name is not when the role is %s', async (role, permission) => {
  await using world = await openWorld()
  world.github.createUser('dev')
  world.github.setRole('octo/demo', 'dev', role)
  const { data } = await world.app.rest.repos.getCollaboratorPermissionLevel({
    ...world.repo,
    username: 'dev',
  })
  expect(data).toMatchObject({ permission, role_name: role, user: { login: 'dev' } })
})

test('a collaborator gets and loses a role through the API', async () => {
  await using world = await openWorld()
  const { owner, repo } = world
  world.asUser('dev')
  const level = async () =>
    (await owner.rest.repos.getCollaboratorPermissionLevel({ ...repo, username: 'dev' })).data.role_name
  await owner.rest.repos.addCollaborator({ ...repo, username: 'dev', permission: 'maintain' })
  expect(await level()).toBe('maintain')
  await owner.rest.repos.removeCollaborator({ ...repo, username: 'dev' })
  expect(await level()).toBe('read')
})

test('files and directories are read, raw too', async () => {
  await using world = await openWorld()
  const { app, repo } = world
  const root = await app.rest.repos.getContent({ ...repo, path: '' })
  expect((root.data as { path: string }[]).map((entry) => entry.path)).toEqual(['README.md', 'src'])
  const file = await app.rest.repos.getContent({ ...repo, path: 'README.md' })
  const { content } = file.data as { content: string }
  expect(Buffer.from(content, 'base64').toString()).toBe('# demo\n')
  const raw = await app.rest.repos.getContent({ ...repo, path: 'README.md', mediaType: { format: 'raw' } })
  expect(raw.data).toBe('# demo\n')
})
