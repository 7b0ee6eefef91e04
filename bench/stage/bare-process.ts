import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { serveParent } from './child.ts'

/** The least that a hand-over could be: an HTTP server that passes what is posted to it on to a socket. */
serveParent(async () => {
  const sockets = new Set<WebSocket>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      for (const socket of sockets) socket.send(Buffer.concat(chunks).toString())
      response.writeHead(202).end()
    })
  })
  new WebSocketServer({ server }).on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const api = { port: () => (server.address() as AddressInfo).port }
  return {
    api,
    async stop() {
      for (const socket of sockets) socket.terminate()
      server.close()
      server.closeAllConnections()
    },
  }
})
export type BareApi = { port(): number }
