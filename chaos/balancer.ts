import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP port before the replicas: each connection goes to the next one that answers its health check. */
export interface Balancer {
  readonly url: string
  stop(): Promise<void>
}

const CHECK_MS = 1_000
const CHECK_PATIENCE_MS = 2_500

/** @param ports of the replicas on 127.0.0.1 */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const healthy = new Set<number>(ports)
  const open = new Set<Socket>()
  let turn = 0
  const next = (): number | undefined => {
    const live = ports.filter((port) => healthy.has(port))
    const from = live.length > 0 ? live : ports
    turn += 1
    return from[turn % from.length]
  }
  const server = createServer((inside) => {
    const port = next()
    if (port === undefined) return inside.destroy()
    const outside = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      open.add(one)
      one.setNoDelay(true)
      one.pipe(other)
      one.on('error', () => other.destroy()) // the other side learns of it as of any lost connection
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const check = async (port: number): Promise<void> => {
    if (await answers(port)) healthy.add(port)
    else healthy.delete(port)
  }
  const timer = setInterval(() => {
    for (const port of ports) void check(port)
  }, CHECK_MS)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      clearInterval(timer)
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(CHECK_PATIENCE_MS)
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal })
    await response.text()
    return response.ok
  } catch {
    return false // killed, stopped or starting
  }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
