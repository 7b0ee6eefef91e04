import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Pool } from 'pg'
import { createLogger } from '../../src/runtime/logger.ts'
import { createReceiver } from '../../src/webhooks/receive.ts'
import { promised, type Target } from '../target.ts'

/** Long enough for one request on a busy machine. */
const PATIENCE_MS = 10_000

interface Door {
  server: Server
  port: number
  pool: Pool
  /** What the handler threw; it has to stay empty. */
  failures: unknown[]
}

let opened: Promise<Door> | null = null

/** The door on a real socket; the bytes are all that a client sends. */
export const webhookDoor: Target = {
  name: 'webhook-door',
  promises: [
    'whoever does not know the secret gets a status of 400 to 499, or nothing, and nothing is stored',
    'the connection ends, whatever was sent',
  ],
  words: [
    'POST /api/github/webhooks HTTP/1.1\r\n',
    'GET / HTTP/1.1\r\n',
    'host: x\r\n',
    'content-type: application/json\r\n',
    'content-length: 2\r\n',
    'content-length: -1\r\n',
    'content-length: 99999999999\r\n',
    'transfer-encoding: chunked\r\n',
    'expect: 100-continue\r\n',
    'x-github-event: issues\r\n',
    'x-github-delivery: 00000000-0000-0000-0000-000000000000\r\n',
    'x-hub-signature-256: sha256=\r\n',
    'content-encoding: gzip\r\n',
    'connection: upgrade\r\nupgrade: websocket\r\n',
    '\r\n\r\n',
    '0\r\n\r\n',
    'ffffffff\r\n',
    '{}',
  ],
  async run(bytes) {
    opened ??= open()
    const door = await opened
    const said = await send(door.port, bytes)
    promised(door.failures.length === 0, `the handler threw ${String(door.failures[0])}`)
    promised(door.pool.totalCount === 0, 'something reached the database')
    for (const [, status] of said.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) {
      promised(status === '100' || /^4\d\d$/.test(status ?? ''), `the answer is ${status}`)
    }
  },
  async close() {
    const door = await opened
    opened = null
    if (door === null) return
    door.server.closeAllConnections()
    await new Promise((resolve) => door.server.close(resolve))
    await door.pool.end()
  },
}

async function open(): Promise<Door> {
  // never connected to: nothing of what has no signature may come that far
  const pool = new Pool({ host: '127.0.0.1', port: 1 })
  const failures: unknown[] = []
  const receive = createReceiver({
    pool,
    secrets: ['a secret that is not in the corpus'],
    logger: createLogger('silent'),
    onStored: () => failures.push(new Error('stored')),
    bodyMs: 50,
    lingerMs: 1,
  })
  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 1 }, (req, res) => {
    receive(req, res).catch((error: unknown) => failures.push(error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return { server, port: (server.address() as AddressInfo).port, pool, failures }
}

/** Sends all bytes and its end; answers with all that came back until the server closed. */
function send(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error('the connection did not end'))
    }, PATIENCE_MS)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    // a server may hang up on a client that goes on talking
    socket.on('error', () => undefined)
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString('latin1'))
    })
    socket.end(bytes)
  })
}
