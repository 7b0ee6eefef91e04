import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Stage } from './stage.ts'

export const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const PATIENCE_MS = 30_000
const LOOK_MS = 5

/** `mission-control serve` as an operator starts it. */
export interface Served {
  pid: number
  /** From the start of the process to the first 200 of `/readyz`. */
  readyMs: number
  /** Asks it to stop and waits until it has. Twice is allowed. */
  stop(): Promise<void>
}

/** Starts the server by its command line and waits until it is ready. Throws with its log when it does not get so far. */
export async function serve(
  stack: AsyncDisposableStack,
  stage: Stage,
  flags: readonly string[] = [],
): Promise<Served> {
  const port = await freePort()
  const { github } = stage.config
  if (stack.disposed) throw new Error('the case has ended')
  const start = performance.now()
  const child = spawn(process.execPath, [...flags, CLI, 'serve'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      PORT: String(port),
      DATABASE_URL: stage.databaseUrl,
      MISSION_CONTROL_DATA_DIR: stage.config.dataDir,
      APP_ID: String(github.appId),
      PRIVATE_KEY: github.privateKey,
      WEBHOOK_SECRET: github.webhookSecrets[0],
      GITHUB_API_URL: github.apiUrl,
      GITHUB_SERVER_URL: github.url,
    },
  })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4_000)
  })
  const ended = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
    await ended
    clearTimeout(timer)
  }
  stack.defer(stop)
  while (!(await isReady(port))) {
    const gone = child.exitCode !== null || child.signalCode !== null
    if (gone || performance.now() - start > PATIENCE_MS) throw new Error(`the server is not ready: ${log}`)
    await delay(LOOK_MS)
  }
  return { pid: child.pid ?? 0, readyMs: performance.now() - start, stop }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`)
    await response.text()
    return response.status === 200
  } catch {
    return false // it does not listen yet
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
