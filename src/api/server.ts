import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import express, { type Express, type Router } from 'express'
import helmet from 'helmet'
import type { Service } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import { problemHandler, sendProblem } from './problem.ts'

/** The doors of the server. Webhooks and git are on bare node:http: express would hold their bodies back. */
export interface Doors {
  webhook(req: IncomingMessage, res: ServerResponse): Promise<void>
  git(req: IncomingMessage, res: ServerResponse, expectContinue: boolean): Promise<boolean>
  socket(req: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Says goodbye to all sockets that were taken over. */
  closeSockets(): Promise<void>
  routes: readonly Router[]
}

export const WEBHOOK_PATH = '/api/github/webhooks'
const SOCKET_PATH = '/ws'
const BODY_LIMIT = '1mb'
/** Longer than the idle time of common proxies (60 s): the one that is asked closes last. Node's default is 5 s. */
const KEEP_ALIVE_MS = 72_000
/** Node's own limit for headers is switched off by `requestTimeout: 0`; without one, idle sockets cost nothing to hold. */
const HEADERS_MS = 30_000
/** Time for the body of an API request to arrive. Webhooks and git have clocks of their own. */
const BODY_MS = 30_000

/** Clocks that tests make shorter; milliseconds. */
export interface ApiTimes {
  headersMs?: number
  bodyMs?: number
}

/** A listening server. */
export interface ApiServer extends Service {
  readonly port: number
}

/** Opens the server on an address. @param port 0 for any free one */
export async function startApi(
  doors: Doors,
  host: string,
  port: number,
  logger: Logger,
  { headersMs = HEADERS_MS, bodyMs = BODY_MS }: ApiTimes = {},
): Promise<ApiServer> {
  const app = createApp(doors.routes, logger, bodyMs)
  const handle = (expectContinue: boolean) => (req: IncomingMessage, res: ServerResponse) => {
    route(req, res, expectContinue).catch((error: unknown) => {
      logger.error({ err: error, url: req.url }, 'request failed')
      if (!res.headersSent) res.writeHead(500)
      res.end()
    })
  }
  // the default of 300 s cuts long pushes; the doors have their own clocks
  const clocks = { requestTimeout: 0, headersTimeout: headersMs, connectionsCheckingInterval: headersMs / 2 }
  const server = createServer({ ...clocks, keepAliveTimeout: KEEP_ALIVE_MS }, handle(false))
  server.on('checkContinue', handle(true))
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (error) => logger.debug({ err: error }, 'upgrade failed'))
    if (pathOf(req) === SOCKET_PATH) doors.socket(req, socket, head)
    else refuseUpgrade(socket)
  })
  await listen(server, host, port)
  return { name: 'http', port: (server.address() as AddressInfo).port, stop }

  /** A server ends with its last connection, and the sockets that were taken over are none of its own any more. */
  async function stop(): Promise<void> {
    const closed = close(server)
    await doors.closeSockets()
    await closed
  }

  async function route(req: IncomingMessage, res: ServerResponse, expectContinue: boolean): Promise<void> {
    const path = pathOf(req)
    if (path.startsWith('/git/') && (await doors.git(req, res, expectContinue))) return
    if (expectContinue) res.writeContinue()
    if (path === WEBHOOK_PATH) await doors.webhook(req, res)
    else app(req, res)
  }
}

function pathOf(req: IncomingMessage): string {
  return (req.url ?? '/').split('?', 1)[0] ?? '/'
}

/** Not the server's connection any more: nobody else would close it when the client does not. */
function refuseUpgrade(socket: Duplex): void {
  socket.once('finish', () => socket.destroy())
  socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
}

function createApp(routes: readonly Router[], logger: Logger, bodyMs: number): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use((_req, res, next) => {
    res.setHeader('x-request-id', randomUUID())
    next()
  })
  app.use(helmet())
  app.use((req, res, next) => {
    const timer = setTimeout(() => res.destroy(), bodyMs)
    req.once('end', () => clearTimeout(timer))
    res.once('close', () => clearTimeout(timer))
    next()
  })
  app.use((req, res, next) => {
    // false: there is a body, of another type; to express a length of 0 is a body, too
    if (req.headers['content-length'] === '0' || req.is('application/json') !== false) return next()
    sendProblem(res, 'unsupported_media_type', 'Bodies are read as application/json only.')
  })
  app.use(express.json({ limit: BODY_LIMIT }))
  for (const router of routes) app.use(router)
  app.use((req, res) => sendProblem(res, 'not_found', `There is nothing at ${req.method} ${req.path}.`))
  app.use(problemHandler(logger))
  return app
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), 3_000).unref()
  })
}
