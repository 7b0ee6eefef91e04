import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import type { Config } from '../../src/config.ts'
import { type RunningServer, startServer } from '../../src/main.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { serveParent } from './child.ts'

/** Milliseconds since the epoch, finer than `Date.now()`. */
const now = (): number => performance.timeOrigin + performance.now()

/** A request that the server made, from its sending to the last byte of the answer. */
export interface Sent {
  method: string
  path: string
  start: number
  end: number
}

/** Writes down what passes the server's doors, as Node itself reports it: nothing of ours is changed for it. */
function watchDoors() {
  const arrivals = new Map<string, number>()
  const sent: Sent[] = []
  const open = new WeakMap<object, Sent>()
  // https://nodejs.org/docs/latest-v24.x/api/diagnostics_channel.html#built-in-channels
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage }
    const delivery = request.headers['x-github-delivery']
    if (typeof delivery === 'string' && !arrivals.has(delivery)) arrivals.set(delivery, now())
  })
  // https://undici.nodejs.org/#/docs/api/DiagnosticsChannel
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: { method: string; path: string } }
    open.set(request, { method: request.method, path: request.path, start: now(), end: Number.NaN })
  })
  subscribe('undici:request:trailers', (message) => {
    const { request } = message as { request: object }
    const one = open.get(request)
    if (one) sent.push({ ...one, end: now() })
  })
  return { arrivals, sent }
}

function serverApi(server: RunningServer, doors: ReturnType<typeof watchDoors>) {
  return {
    describe: () => ({ url: server.url, pid: process.pid }),
    /** When each delivery's request arrived. */
    arrivals: () => doors.arrivals,
    /** All requests that the server has made. */
    sent: () => doors.sent,
  }
}
export type ServerApi = ReturnType<typeof serverApi>

serveParent<Config, ServerApi>(async (config) => {
  const doors = watchDoors()
  const server = await startServer(config, createLogger(config.logLevel))
  return { api: serverApi(server, doors), stop: () => server.stop() }
})
