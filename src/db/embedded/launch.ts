import { type ChildProcess, spawn } from 'node:child_process'
import { open, readFile, rename, stat } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Layout } from './directory.ts'
import { type Running, readPidFile } from './postmaster.ts'
import type { Programs } from './programs.ts'

const POLL_MS = 10
const LOG_BYTES = 1024 * 1024
/** How long to try again while the port or the last server's memory is still in use. */
const PATIENCE_MS = 15_000
const TRANSIENT =
  /Address already in use|could not create any TCP\/IP sockets|pre-existing shared memory block/

/** Server settings by name, as in postgresql.conf. */
export type Settings = Readonly<Record<string, string>>

/** For one process on a small machine. Client errors are told to the client, not logged. */
const SETTINGS: Settings = {
  shared_buffers: '64MB',
  max_wal_size: '256MB',
  io_method: 'sync',
  jit: 'off',
  log_min_messages: 'log',
  log_checkpoints: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/**
 * Starts PostgreSQL on the cluster and waits until it accepts connections.
 * It outlives this process, and a Ctrl-C in our terminal does not reach it before we let go of it.
 * @param onExit called when the server ends later on, with why
 */
export async function launch(
  layout: Layout,
  programs: Programs,
  settings: Settings,
  onExit: (reason: string) => void,
): Promise<Running> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const logStart = await rotateLog(layout.log)
    const child = await spawnServer(layout, programs, settings)
    const exited = exitOf(child)
    const running = await ready(child, layout.pgdata)
    if (running !== null) {
      void exited.then(onExit)
      child.unref()
      return running
    }
    const said = (await readFile(layout.log)).subarray(logStart).toString()
    if (!TRANSIENT.test(said) || Date.now() > deadline) {
      throw new Error(
        `PostgreSQL did not start in ${layout.root} (${await exited}): ${said.trim().slice(-2000)}`,
      )
    }
    await delay(POLL_MS)
  }
}

async function spawnServer(layout: Layout, programs: Programs, settings: Settings): Promise<ChildProcess> {
  const port = await freePort()
  const args = ['-D', layout.pgdata, '-p', String(port)]
  const fixed: Settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '' }
  for (const [name, value] of Object.entries({ ...SETTINGS, ...settings, ...fixed })) {
    args.push('-c', `${name}=${value}`)
  }
  const log = await open(layout.log, 'a', 0o600)
  try {
    const { file, options } = programs.launch('postgres', layout.root)
    const stdio: ['ignore', number, number] = ['ignore', log.fd, log.fd]
    return spawn(file, args, { ...options, stdio, detached: true })
  } finally {
    await log.close()
  }
}

/** Resolves when the server accepts connections, or with null when it has ended instead. */
async function ready(child: ChildProcess, pgdata: string): Promise<Running | null> {
  let ended = false
  void exitOf(child).then(() => {
    ended = true
  })
  while (!ended) {
    const file = await readPidFile(pgdata)
    if (file?.ready && file.port !== null && file.pid === child.pid) return { pid: file.pid, port: file.port }
    await delay(POLL_MS)
  }
  return null
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `exit status ${code}` : `signal ${signal}`),
    )
  })
}

/** The offset at which the next start will write; a log that has grown is put aside first. */
async function rotateLog(log: string): Promise<number> {
  const found = await stat(log).catch(() => null)
  if (found === null) return 0
  if (found.size < LOG_BYTES) return found.size
  await rename(log, `${log}.1`)
  return 0
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
