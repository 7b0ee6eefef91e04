import { createHmac, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createLogger } from '../../src/runtime/logger.ts'
import { createReceiver, type ReceiverOptions } from '../../src/webhooks/receive.ts'

const SECRET = 'the current secret'
export const PREVIOUS = 'the secret before it'
export const PATH = '/api/github/webhooks'

/** The webhook door alone, on a real socket. */
export interface Door {
  url: string
  port: number
  /** Posts a body with the headers that GitHub sends; a null header is left out. */
  post(body: string | Buffer, headers?: Record<string, string | null>): Promise<Answer>
  /** A bare connection, for requests that no client library would send. */
  raw(): RawClient
  close(): Promise<void>
}

export interface Answer {
  status: number
  body: Record<string, unknown>
}

export interface RawClient {
  socket: Socket
  write(text: string | Buffer): Promise<void>
  /** All that the server sent until it closed the connection. */
  ended: Promise<string>
}

export function sign(body: string | Buffer, secret = SECRET): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** The headers of a delivery as GitHub sends them. */
export function headersOf(body: string | Buffer, event = 'ping', id: string = randomUUID()) {
  return {
    'content-type': 'application/json',
    'x-github-delivery': id,
    'x-github-event': event,
    'x-hub-signature-256': sign(body),
  }
}

export async function openDoor(
  options: Pick<ReceiverOptions, 'pool'> & Partial<ReceiverOptions>,
): Promise<Door> {
  const receive = createReceiver({
    secrets: [SECRET, PREVIOUS],
    logger: createLogger('silent'),
    onStored: () => {},
    ...options,
  })
  const server = createServer({ requestTimeout: 0 }, (req, res) => void receive(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}${PATH}`
  const clients: Socket[] = []
  return {
    url,
    port,
    async post(body, headers = {}) {
      const all = Object.entries({ ...headersOf(body), ...headers }).filter((entry) => entry[1] !== null)
      const response = await fetch(url, { method: 'POST', body, headers: all as [string, string][] })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
    raw() {
      const socket = connect(port, '127.0.0.1')
      clients.push(socket)
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      socket.on('error', () => {})
      return {
        socket,
        write: (text) =>
          new Promise((resolve) => {
            // a server that has closed takes nothing more: that is for the test to see in what came back
            if (socket.destroyed || !socket.writable) resolve()
            else socket.write(text, () => resolve())
          }),
        ended: new Promise((resolve) =>
          socket.once('close', () => resolve(Buffer.concat(chunks).toString())),
        ),
      }
    },
    async close() {
      for (const client of clients) client.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
