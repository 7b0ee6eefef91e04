import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request and what GitHub answered. */
export interface Exchange {
  method: string
  /** Path and query below the API's base. */
  path: string
  authorization: string | undefined
  status: number
  headers: Readonly<Record<string, string>>
  text: string
}

export interface RunningProxy {
  url: string
  stop(): Promise<void>
}

const hopByHop = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'host',
  'keep-alive',
  'transfer-encoding',
])

function forwarded(headers: IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).filter(([name]) => !hopByHop.has(name))
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}

async function exchange(apiUrl: string, request: IncomingMessage): Promise<Exchange> {
  const { method = 'GET', url: path = '/' } = request
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const answer = await fetch(apiUrl + path, {
    method,
    headers: { ...forwarded(request.headers), 'accept-encoding': 'identity' },
    redirect: 'manual',
    ...(body.length > 0 && { body }),
  })
  const { status } = answer
  const { authorization } = request.headers
  const headers = Object.fromEntries(answer.headers)
  return { method, path, authorization, status, headers, text: await answer.text() }
}

/** Listens on 127.0.0.1, passes requests on to `apiUrl`, and answers with the body that `see` makes of GitHub's. */
export async function startProxy(apiUrl: string, see: (exchange: Exchange) => string): Promise<RunningProxy> {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const seen = await exchange(apiUrl, request)
    const text = see(seen)
    const headers = Object.entries(seen.headers).filter(([name]) => !hopByHop.has(name))
    response.writeHead(seen.status, Object.fromEntries(headers)).end(text)
  }
  const server = createServer((request, response) => {
    // the connection is cut where GitHub's was: the caller has to cope with that, too
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
