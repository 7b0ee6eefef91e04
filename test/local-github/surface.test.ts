import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { restDescription } from '../../src/local-github/openapi/description.ts'
import {
  appOperations,
  defaultAppPermissions,
  emulatedOperations,
  openOperations,
  permissionTable,
  userOperations,
} from '../../src/local-github/permissions.ts'
import { handlers } from '../../src/local-github/rest/areas.ts'
import { emulatedFields } from '../../src/local-github/rest/fields.ts'
import { startLocalGitHub } from '../../src/local-github/server.ts'
import { openWorld } from './world.ts'

const handled = Object.values(handlers).flatMap((kind) => Object.keys(kind))

test("every emulated operation has one handler, one rule and GitHub's description", () => {
  expect(handled.toSorted()).toEqual([...emulatedOperations].toSorted())
  expect(new Set(emulatedOperations).size).toBe(emulatedOperations.length)
  const described = restDescription.operations.map((operation) => operation.id)
  expect(described.toSorted()).toEqual([...emulatedOperations].toSorted())
})

test('handlers that write are for operations that are no GET', () => {
  for (const { id, method } of restDescription.operations) {
    if (handlers.writes[id]) expect(method, id).not.toBe('get')
    if (handlers.reads[id]) expect(method, id).toBe('get')
  }
})

test('fields that are said to be emulated are fields of GitHub', () => {
  for (const [id, fields] of Object.entries(emulatedFields)) {
    const operation = restDescription.operations.find((candidate) => candidate.id === id)
    const known = JSON.stringify([operation?.parameters, operation?.body])
    for (const field of fields) expect(known, `${id} ${field}`).toContain(`"${field}"`)
  }
})

test('the default permissions of the app have no workflows and no administration', () => {
  expect(defaultAppPermissions).not.toHaveProperty('workflows')
  expect(defaultAppPermissions).not.toHaveProperty('administration')
  expect([...appOperations, ...userOperations, ...openOperations].some((id) => id in permissionTable)).toBe(
    false,
  )
})

test('it refuses to start when it is told that this is production', async () => {
  await expect(startLocalGitHub({ production: true })).rejects.toThrow(/production/)
})

test('it binds to 127.0.0.1 and leaves nothing behind when it stops', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'local-github-test-'))
  const github = await startLocalGitHub({ root })
  expect(new URL(github.url).hostname).toBe('127.0.0.1')
  await github.stop()
  expect(existsSync(root)).toBe(true)
  await rm(root, { recursive: true })
  await expect(fetch(github.url)).rejects.toThrow()
})

test('requests are recorded with operation, caller and status', async () => {
  await using world = await openWorld()
  const { app, appJwt, github, owner, repo } = world
  await appJwt.rest.apps.getAuthenticated()
  await owner.rest.issues.create({ ...repo, title: 'x' })
  await app.rest.issues.get({ ...repo, issue_number: 1 })
  await fetch(`${github.apiUrl}/repos/octo/demo/issues/99`)
  const seen = github.requests.map(({ operationId, actor, status, contentCreating }) => [
    operationId,
    actor,
    status,
    contentCreating,
  ])
  expect(seen).toEqual([
    ['apps/get-authenticated', 'jwt', 200, false],
    ['issues/create', 'user', 201, true],
    ['apps/create-installation-access-token', 'jwt', 201, false],
    ['issues/get', 'installation', 200, false],
    ['issues/get', 'anonymous', 404, false],
  ])
})
