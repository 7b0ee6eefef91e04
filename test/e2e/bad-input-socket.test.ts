import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'
import { WebSocketChannel } from '../../src/channels/websocket.ts'
import type { Orchestrator } from '../../src/orchestrator/orchestrator.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { askFor, begin } from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

interface Closed {
  code: number
  reason: string
}

let world: World
const open: WebSocket[] = []

beforeAll(async () => {
  world = await createWorld()
})
afterEach(() => {
  for (const socket of open.splice(0)) socket.terminate()
})
afterAll(() => world.stop())

/** A socket with all that came over it. */
function dial(url = `${world.server.url.replace('http', 'ws')}/ws`, options: ClientOptions = {}) {
  const socket = new WebSocket(url, options)
  open.push(socket)
  const frames: Record<string, unknown>[] = []
  socket.on('message', (data) => frames.push(JSON.parse(data.toString())))
  socket.on('error', () => {})
  const closed = new Promise<Closed>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
  const opened = new Promise((resolve) => socket.once('open', resolve))
  return { socket, frames, closed, opened }
}

async function admitted(key: string) {
  const client = dial(undefined, { headers: { authorization: `Bearer ${key}` } })
  await until('hello', () => client.frames.find((frame) => frame.type === 'hello'))
  const answerTo = (id: string) =>
    until(`an answer to ${id}`, () => client.frames.find((frame) => frame.to === id))
  return { ...client, answerTo, send: (frame: unknown) => client.socket.send(JSON.stringify(frame)) }
}

/** The server still serves an agent: nothing that came before has hurt it. */
async function expectServing(): Promise<void> {
  const { send, answerTo } = await admitted(await world.agentKey(`probe-${randomUUID().slice(0, 8)}`))
  send({ type: 'heartbeat', id: 'one' })
  expect(await answerTo('one')).toMatchObject({ type: 'answer' })
}

describe('a socket is closed with a code that says why, when it', () => {
  test('does not say who it is in time', async () => {
    const channel = new WebSocketChannel(
      { db: world.database.db } as Orchestrator,
      randomUUID(),
      createLogger('silent'),
      { authMs: 30 },
    )
    const server = createServer()
    server.on('upgrade', (req: IncomingMessage, socket, head) => channel.upgrade(req, socket, head))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    try {
      const { port } = server.address() as AddressInfo
      const { closed } = dial(`ws://127.0.0.1:${port}/ws`)
      expect(await closed).toEqual({ code: 4408, reason: 'no auth frame came in time' })
    } finally {
      await channel.stop()
      server.close()
    }
  })

  test.each([
    ['that is no key', 'secret'],
    ['that nobody has', `mc_00000000_${'A'.repeat(43)}`],
    ['of a session', `mcs_1_${'A'.repeat(43)}`],
  ])('brings a key %s', async (_what, key) => {
    const byHeader = dial(undefined, { headers: { authorization: `Bearer ${key}` } })
    const byFrame = dial()
    await byFrame.opened
    byFrame.socket.send(JSON.stringify({ type: 'auth', id: '1', key }))
    const refused = { code: 4401, reason: 'the key is unknown or was revoked' }
    expect(await Promise.all([byHeader.closed, byFrame.closed])).toEqual([refused, refused])
  })

  test('belongs to an agent that was removed', async () => {
    const key = await world.agentKey('removed')
    await world.database.pool.query(`update agents set removed_at = now() where name = 'removed'`)
    const { closed } = dial(undefined, { headers: { authorization: `Bearer ${key}` } })
    expect(await closed).toMatchObject({ code: 4401 })
  })

  test.each([
    ['another frame', JSON.stringify({ type: 'heartbeat', id: '1' })],
    ['garbage', '\u0000{{{'],
    ['nothing', ''],
    ['an auth frame with a field too many', JSON.stringify({ type: 'auth', id: '1', key: 'x', admin: true })],
  ])('begins with %s instead of auth', async (_what, text) => {
    const { socket, opened, closed } = dial()
    await opened
    socket.send(text)
    expect(await closed).toEqual({ code: 4401, reason: 'the first frame must be auth' })
  })

  test.each([
    ['garbage', 'no json'],
    ['a list', '[]'],
    ['a frame of no known type', JSON.stringify({ type: 'become_admin', id: '1' })],
    ['a frame of a type with a long foreign name', JSON.stringify({ type: '日本語'.repeat(100), id: '1' })],
    ['a frame without an id', JSON.stringify({ type: 'heartbeat' })],
    ['a frame with an endless id', JSON.stringify({ type: 'heartbeat', id: 'x'.repeat(200) })],
    ['a frame that is deeply nested', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('sends %s', async (what, text) => {
    const { socket, closed } = await admitted(await world.agentKey(what.replaceAll(' ', '-').slice(0, 39)))
    socket.send(text)
    expect(await closed).toMatchObject({ code: 4400, reason: expect.stringMatching(/^a frame /) })
    await expectServing()
  })

  test('sends bytes instead of text', async () => {
    const { socket, closed } = await admitted(await world.agentKey('binary'))
    socket.send(Buffer.from('{"type":"heartbeat","id":"1"}'))
    expect(await closed).toEqual({ code: 4400, reason: 'frames are text' })
  })

  test('sends a frame of 10 MB, before or after it is known', async () => {
    const large = JSON.stringify({ type: 'progress', id: '1', filler: 'x'.repeat(10_000_000) })
    const known = await admitted(await world.agentKey('large'))
    known.socket.send(large)
    const unknown = dial()
    await unknown.opened
    unknown.socket.send(large)
    expect((await known.closed).code).toBe(1009)
    expect((await unknown.closed).code).toBe(1009)
    await expectServing()
  })

  test('floods', async () => {
    const { send, closed } = await admitted(await world.agentKey('flood'))
    for (let index = 0; index < 2_000; index += 1) send({ type: 'heartbeat', id: String(index) })
    expect(await closed).toEqual({ code: 4429, reason: 'too many frames' })
    await expectServing()
  })

  test('is replaced by a newer one of the same agent, which gets everything from then on', async () => {
    const key = await world.agentKey('twice')
    const older = await admitted(key)
    const newer = await admitted(key)
    expect(await older.closed).toEqual({ code: 4409, reason: 'the agent connected again' })
    await askFor(world, 'twice')
    await until('the newer one gets the work', () =>
      newer.frames.some((frame) => frame.type === 'task_assigned'),
    )
    expect(older.frames.some((frame) => frame.type === 'task_assigned')).toBe(false)
  })
})

describe('a frame is refused by its id, and the connection stays, when', () => {
  const usage = { tokens: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 } }
  const cases: [string, object, object][] = [
    [
      'it has a field that is not known',
      { type: 'progress', report: { mesage: 'typo' } },
      { code: 'unknown_field', detail: expect.stringContaining('"mesage"') },
    ],
    [
      'it has a key of foreign letters',
      { type: 'progress', report: { ['日本語'.repeat(100)]: 1 } },
      { code: 'unknown_field' },
    ],
    [
      'a text is too long',
      { type: 'complete', report: { outcome: 'result', summary: 'x', title: 'x'.repeat(300), usage } },
      { code: 'invalid_request', detail: expect.stringMatching(/^report\.title: /) },
    ],
    [
      'a number is none',
      { type: 'progress', report: { percent: 'half' } },
      { code: 'invalid_request', detail: expect.stringMatching(/^report\.percent: /) },
    ],
    [
      'a question is missing',
      { type: 'complete', report: { outcome: 'needs_clarification', summary: 'x', usage } },
      { code: 'invalid_request', detail: expect.stringContaining('a question is needed') },
    ],
  ]
  test('something in it is wrong', async () => {
    const { agent, assignment } = await begin(world, 'careless')
    for (const [what, frame, refusal] of cases) {
      const answer = await agent.send({ ...frame, session: assignment.session.id } as never)
      expect(answer, what).toMatchObject({ type: 'refused', ...refusal })
    }
    expect(await agent.progress(assignment)).toMatchObject({ type: 'answer' })
  })

  test('it is about a session of another agent, or of nobody', async () => {
    const { assignment, number } = await begin(world, 'victim')
    const thief = await world.scriptedAgent('thief')
    const refused = { type: 'refused', code: 'not_found', detail: 'This agent has no such session.' }
    expect(await thief.accept(assignment)).toMatchObject(refused)
    expect(await thief.progress(assignment, { message: 'mine now' })).toMatchObject(refused)
    expect(await thief.complete(assignment, { outcome: 'failed' })).toMatchObject(refused)
    expect(await thief.send({ type: 'declined', session: assignment.session.id, reason: 'x' })).toMatchObject(
      refused,
    )
    const nobody = Number.MAX_SAFE_INTEGER
    expect(await thief.send({ type: 'accepted', session: nobody })).toMatchObject(refused)
    expect((await world.sessions(number)).at(-1)).toMatchObject({ status: 'running', message: null })
  })
})

test('a frame that comes twice has one effect, and is answered the same each time', async () => {
  const { agent, assignment, number } = await begin(world, 'stutter')
  const report = { message: 'Half way', tokens: { input: 5, output: 5, cacheRead: 0, cacheWrite: 0 } }
  const frame = { type: 'progress', session: assignment.session.id, report } as const
  const [first, second] = [await agent.send(frame, 'same'), await agent.send(frame, 'same')]
  expect(second).toEqual(first)
  const told = (await world.events(number)).filter((event) => event.detail.message === 'Half way')
  expect(told).toHaveLength(1)
  // over a new connection, which does not remember ids: the completion is the same one
  const completion = { outcome: 'result', summary: 'Found it.' } as const
  const ended = await agent.complete(assignment, completion)
  await agent.disconnect()
  await agent.reconnect()
  const again = await agent.complete(assignment, completion)
  expect(again).toMatchObject({ type: 'answer', completion: (ended as { completion?: object }).completion })
  expect((await world.task(number))?.tokensUsed).toBe(120)
})

test.each([
  ['on another path', '/api/v1/tasks'],
  ['on the root', '/'],
  ['below the socket', '/ws/agents'],
])('an upgrade %s is answered with 404', async (_what, path) => {
  const response = new Promise<number | undefined>((resolve) => {
    const socket = new WebSocket(`${world.server.url.replace('http', 'ws')}${path}`)
    open.push(socket)
    socket.on('unexpected-response', (_req, res) => resolve(res.statusCode))
    socket.on('error', () => {})
  })
  expect(await response).toBe(404)
})

test('an upgrade that is none is refused, and one that breaks off leaves nothing behind', async () => {
  const { port } = new URL(world.server.url)
  const socket = connect(Number(port), '127.0.0.1')
  const answer = new Promise<string>((resolve) => {
    let text = ''
    socket.on('data', (data) => {
      text += data
    })
    socket.on('close', () => resolve(text))
  })
  socket.write('GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
  expect(await answer).toMatch(/^HTTP\/1\.1 400 /)
  const abrupt = connect(Number(port), '127.0.0.1')
  await new Promise<void>((resolve) =>
    abrupt.write('GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', () =>
      resolve(),
    ),
  )
  abrupt.resetAndDestroy()
  await expectServing()
})
