import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { Pool } from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { healthRoutes } from '../../src/api/routes/health.ts'
import { type ApiServer, type ApiTimes, type Doors, startApi } from '../../src/api/server.ts'
import { WebSocketChannel } from '../../src/channels/websocket.ts'
import { openDatabase } from '../../src/db/pool.ts'
import type { Orchestrator } from '../../src/orchestrator/orchestrator.ts'
import { createAgentKey } from '../../src/runtime/keys.ts'
import { createLogger, type Logger } from '../../src/runtime/logger.ts'
import { until } from '../harness/wait.ts'
import { openDoor } from '../webhooks/door.ts'

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end()
})

/** The server with no rooms behind its doors. */
async function openApi(
  more: { times?: ApiTimes; doors?: Partial<Doors>; logger?: Logger } = {},
): Promise<ApiServer> {
  const doors: Doors = {
    webhook: async (_req, res) => void res.end(),
    git: async () => false,
    socket: (_req, socket) => socket.destroy(),
    closeSockets: async () => {},
    routes: [],
    ...more.doors,
  }
  const api = await startApi(doors, '127.0.0.1', 0, more.logger ?? createLogger('silent'), more.times)
  cleanUp.push(() => api.stop())
  return api
}

/** A client that sends a text, and then only listens; it never ends its side. */
function client(port: number, text: string): { socket: Socket; ended: Promise<string> } {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  cleanUp.push(() => socket.destroy())
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {})
  socket.write(text)
  const ended = new Promise<string>((resolve) => {
    for (const name of ['end', 'close']) socket.once(name, () => resolve(Buffer.concat(chunks).toString()))
  })
  return { socket, ended }
}

describe('a connection is ended by the server when', () => {
  test('its headers never end', async () => {
    const { port } = await openApi({ times: { headersMs: 200 } })
    expect(await client(port, 'GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ').ended).toContain('408')
  })

  test('the body of a call to the API never ends', async () => {
    const { port } = await openApi({ times: { bodyMs: 100 } })
    const head = 'POST /api/v1/tasks/1/progress HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
    expect(await client(port, `${head}content-length: 100\r\n\r\n{`).ended).toBe('')
  })

  test('it asks to be upgraded where there is nothing, and then stays', async () => {
    const { port } = await openApi()
    const upgrade = 'GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'
    const { socket, ended } = client(port, upgrade)
    expect(await ended).toContain('404')
    // the other side is gone as a whole, and not only for writing
    await until('a reset', () => {
      socket.write('x')
      return socket.destroyed
    })
  })

  test('it sends megabytes before anybody knows who it is', async () => {
    const silent = createTcpServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()))
    cleanUp.push(() => silent.close())
    const address = `postgres://u@127.0.0.1:${(silent.address() as AddressInfo).port}/d`
    const { db, pool } = openDatabase(address, { max: 1, logger: createLogger('silent') })
    const channel = new WebSocketChannel({ db } as Orchestrator, 'replica', createLogger('silent'))
    cleanUp.push(() => channel.stop())
    const server = createServer()
    server.on('upgrade', (req: IncomingMessage, socket, head) => channel.upgrade(req, socket, head))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    cleanUp.push(() => server.close())
    const { port } = server.address() as AddressInfo
    const headers = { authorization: `Bearer ${createAgentKey().key}` }
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers })
    cleanUp.push(() => socket.terminate())
    const closed = new Promise<number>((resolve) => socket.once('close', resolve))
    await new Promise((resolve) => socket.once('open', resolve))
    for (let sent = 0; sent < 5; sent += 1) socket.send('x'.repeat(900_000))
    expect(await closed).toBe(4429)
    expect(pool.totalCount).toBeLessThanOrEqual(1)
  })
})

describe('the webhook door', () => {
  test('takes no more bodies at once than it has memory for, and goes on when there is room again', async () => {
    const pool = new Pool({ host: '127.0.0.1', port: 1 })
    cleanUp.push(() => pool.end())
    const door = await openDoor({ pool, maxHeldBytes: 1_000, lingerMs: 10 })
    cleanUp.push(() => door.close())
    const wrong = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }
    const first = door.raw()
    await first.write(
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-github-event: ping\r\n' +
        'x-github-delivery: 00000000-0000-0000-0000-000000000000\r\ncontent-length: 900\r\n\r\n',
    )
    await first.write('x'.repeat(800))
    const body = 'y'.repeat(500)
    await until('it is full', async () => (await door.post(body, wrong)).status === 503)
    await first.write('x'.repeat(100))
    await until('there is room', async () => (await door.post(body, wrong)).status === 401)
    expect(pool.totalCount).toBe(0)
  })
})

describe('whoever asks whether the server is ready', () => {
  test('is not told hosts, accounts or addresses when a check fails; the log is', async () => {
    const lines: string[] = []
    const logger = createLogger('info', { write: (line: string) => void lines.push(line) })
    const reason = 'connect ECONNREFUSED 10.0.0.3:5432 for user "control"'
    const checks = { database: () => Promise.reject(new Error(reason)) }
    const { port } = await openApi({ doors: { routes: [healthRoutes(checks, logger)] }, logger })
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toEqual({
      status: 'not ready',
      checks: { database: 'failed; the log says why' },
    })
    expect(lines.join('')).toContain('10.0.0.3')
  })
})

test('a log line stays one line, whatever stands in what is logged', () => {
  const lines: string[] = []
  const logger = createLogger('info', { write: (line: string) => void lines.push(line) })
  logger.info({ path: '/x\n{"level":50,"msg":"forged"}\r\u2028\u001b[2J' }, 'request\n{"level":50}')
  expect(lines).toHaveLength(1)
  expect(lines[0]?.trimEnd().split('\n')).toHaveLength(1)
  expect(lines[0]).not.toContain('\u001b')
})
