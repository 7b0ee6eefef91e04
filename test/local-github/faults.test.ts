import net from 'node:net'
import { expect, test, vi } from 'vitest'
import { openWorld } from './world.ts'

const statusOf = (promise: Promise<{ status: number }>) =>
  promise.then(
    ({ status }) => status,
    (error: { status: number }) => error.status,
  )

test('a request fails as often as asked and then goes well', async () => {
  await using world = await openWorld()
  const { github, owner, repo } = world
  github.faults.add({ kind: 'request', operationId: 'issues/create', times: 2, effect: { status: 502 } })
  const create = () => statusOf(owner.rest.issues.create({ ...repo, title: 'x' }))
  expect([await create(), await create(), await create()]).toEqual([502, 502, 201])
  expect((await owner.rest.issues.listForRepo(repo)).data).toHaveLength(1)
})

test('a secondary limit says when to come back', async () => {
  await using world = await openWorld()
  const { github, owner, repo } = world
  github.faults.add({ kind: 'request', pathRegex: '/issues$', effect: { status: 403, retryAfter: 7 } })
  await expect(owner.rest.issues.create({ ...repo, title: 'x' })).rejects.toMatchObject({
    status: 403,
    response: { headers: { 'retry-after': '7' }, data: { message: expect.stringContaining('secondary') } },
  })
})

test('the work is done but the caller does not learn it when the answer is cut off', async () => {
  await using world = await openWorld()
  const { github, owner, repo } = world
  github.faults.add({ kind: 'request', operationId: 'issues/create', when: 'after', effect: 'disconnect' })
  await expect(owner.rest.issues.create({ ...repo, title: 'x' })).rejects.toThrow()
  github.faults.add({
    kind: 'request',
    operationId: 'issues/create',
    when: 'after',
    effect: { status: 500 },
  })
  expect(await statusOf(owner.rest.issues.create({ ...repo, title: 'y' }))).toBe(500)
  expect((await owner.rest.issues.listForRepo(repo)).data.map(({ title }) => title)).toEqual(['y', 'x'])
})

test('a hanging request ends only with the patience of its caller', async () => {
  await using world = await openWorld()
  const { github, owner, repo } = world
  github.faults.add({ kind: 'request', operationId: 'repos/get', when: 'after', effect: 'hang' })
  const signal = AbortSignal.timeout(100)
  await expect(owner.rest.repos.get({ ...repo, request: { signal } })).rejects.toThrow()
  expect(await statusOf(owner.rest.repos.get(repo))).toBe(200)
})

test('a caller who goes away in the middle of a body is no failure of the server', async () => {
  const failures: unknown[] = []
  await using world = await openWorld({ onError: (error) => failures.push(error) })
  const { github } = world
  const { hostname, port } = new URL(github.url)
  const socket = net.connect(Number(port), hostname)
  const token = github.createUser('octo').token
  socket.write(
    `POST /api/v3/repos/octo/demo/issues HTTP/1.1\r\nhost: x\r\nuser-agent: x\r\nauthorization: Bearer ${token}\r\ncontent-length: 100\r\n\r\n{"title":`,
  )
  await vi.waitFor(() => expect(github.requests).toHaveLength(1))
  socket.destroy()
  await vi.waitFor(() => expect(github.requests[0]?.durationMs).toBeGreaterThan(0))
  await github.flushWebhooks()
  expect([failures, github.requests[0]?.status, world.received]).toEqual([[], 0, []])
})

test('faults are armed and cleared over HTTP by the holder of the admin token only', async () => {
  await using world = await openWorld()
  const { github, owner, repo } = world
  const call = (method: string, token: string, body?: object) =>
    fetch(`${github.url}/_local/faults`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body && { body: JSON.stringify(body) }),
    })
  const fault = { kind: 'request', operationId: 'repos/get', effect: { status: 503 }, times: 5 }
  expect((await call('POST', 'wrong', fault)).status).toBe(401)
  expect((await call('POST', github.adminToken, { ...fault, effect: 'explode' })).status).toBe(422)
  expect((await call('POST', github.adminToken, { ...fault, operationID: 'x' })).status).toBe(422)
  expect((await call('POST', github.adminToken, fault)).status).toBe(201)
  expect(await statusOf(owner.rest.repos.get(repo))).toBe(503)
  expect((await call('DELETE', github.adminToken)).status).toBe(204)
  expect(await statusOf(owner.rest.repos.get(repo))).toBe(200)
})
