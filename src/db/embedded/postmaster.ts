import { readFile, readlink, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { ROLE } from './cluster.ts'
import type { Layout } from './directory.ts'

const POLL_MS = 20
/** Crash recovery may take this long; the process is proven to be ours while we wait. */
const OURS_PATIENCE_MS = 120_000
/** Where the system cannot say whose process it is, a server that starts answers in this time. */
const UNKNOWN_PATIENCE_MS = 5_000

/** What PostgreSQL writes about itself into postmaster.pid. */
export interface PidFile {
  pid: number
  /** null in the first moments of a start. */
  port: number | null
  ready: boolean
}

/** A server that accepts our connections. */
export interface Running {
  pid: number
  port: number
}

/** Marks connections by which processes show that they use an embedded server. */
const PRESENCE = 'mission-control presence'

/** The address of an embedded server. */
export function urlOf(port: number, password: string): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/postgres`
}

/** Reads postmaster.pid; null when there is none. */
export async function readPidFile(pgdata: string): Promise<PidFile | null> {
  const text = await readFile(join(pgdata, 'postmaster.pid'), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    },
  )
  // pid, data directory, start time, port, socket directory, listen address, shared memory, status
  const [pid, , , port, , , , status] = text.split('\n')
  if (!pid) return null
  return { pid: Number(pid), port: port ? Number(port) : null, ready: status?.trim() === 'ready' }
}

/**
 * The server that runs on this directory, proven by a real connection; null when none does.
 * A pid file whose process is gone, or is another program that got its number, does not count.
 * Must be called under the start lock. Throws when our server runs but does not answer.
 */
export async function findRunning(layout: Layout, password: string): Promise<Running | null> {
  const started = Date.now()
  for (;;) {
    const file = await readPidFile(layout.pgdata)
    if (file === null || !isAlive(file.pid)) return null
    const { pid, port } = file
    const serves = await runsIn(pid, layout.pgdata)
    if (serves !== false && port !== null && (await answers(port, password, layout.pgdata)))
      return { pid, port }
    const waited = Date.now() - started
    if (serves === false || (serves === null && waited > UNKNOWN_PATIENCE_MS)) {
      // PostgreSQL would refuse to start while a process with this number lives
      await rm(join(layout.pgdata, 'postmaster.pid'), { force: true })
      return null
    }
    if (waited > OURS_PATIENCE_MS) {
      throw new Error(
        `PostgreSQL (process ${pid}) runs in ${layout.root} but answers no connection: see ${layout.log}`,
      )
    }
    await delay(POLL_MS)
  }
}

/** The connection by which this process shows that it uses the server; keeps no event loop alive. */
export interface Presence {
  end(): Promise<void>
}

/** Opens that connection; `onLost` is told when the server closes it. */
export async function connectPresence(url: string, onLost: (error: Error) => void): Promise<Presence> {
  const socket = new Socket()
  const client = new pg.Client({ connectionString: url, application_name: PRESENCE, stream: () => socket })
  client.on('error', onLost)
  await client.connect()
  socket.unref()
  return {
    async end() {
      socket.ref() // whoever waits for the end must not find the process gone
      await client.end()
    },
  }
}

/** How many processes show that they use the server. */
export async function countPresent(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ present: number }>(
      'select count(*)::int as present from pg_stat_activity where application_name = $1',
      [PRESENCE],
    )
    return rows[0]?.present ?? 0
  } finally {
    await client.end()
  }
}

async function answers(port: number, password: string, pgdata: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: urlOf(port, password), connectionTimeoutMillis: 5_000 })
  client.on('error', () => {}) // reported by connect and query as well
  try {
    await client.connect()
    // a copied directory names the original's server, with the same password
    const { rows } = await client.query<{ data_directory: string }>('show data_directory')
    return rows[0]?.data_directory === pgdata
  } catch {
    return false // the caller asks again, and says so when it gives up
  } finally {
    await client.end().catch(() => {})
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether the process has the directory as its own, as PostgreSQL does; null where that is not told. */
async function runsIn(pid: number, pgdata: string): Promise<boolean | null> {
  if (process.platform !== 'linux') return null
  // a zombie, or a process of another user, tells nothing: it is not our server
  const directory = await readlink(`/proc/${pid}/cwd`).catch(() => null)
  return directory === pgdata
}
