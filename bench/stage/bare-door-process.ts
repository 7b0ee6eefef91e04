import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveParent } from './child.ts'

/** The least that receiving a webhook could be: the signature is checked, the body parsed, and nothing kept. */
serveParent<{ secret: string }, BareDoorApi>(async ({ secret }) => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
      const given = Buffer.from(String(request.headers['x-hub-signature-256']))
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        response.writeHead(401).end()
        return
      }
      JSON.parse(body.toString())
      response.writeHead(202, { 'content-length': 0 }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    api: { port: () => (server.address() as AddressInfo).port, pid: () => process.pid },
    async stop() {
      server.close()
      server.closeAllConnections()
    },
  }
})
export type BareDoorApi = { port(): number; pid(): number }
