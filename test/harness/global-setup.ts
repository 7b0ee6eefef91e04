import { readFileSync, rmSync } from 'node:fs'
import { access, chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { TestServer } from './database-server.ts'
import { fastestDirectory } from './fastest-directory.ts'

declare module 'vitest' {
  interface ProvidedContext {
    testServer: TestServer
  }
}

const PREFIX = 'mission-control-test-run-'

/**
 * Says where this run's PostgreSQL is, and removes it at the end. Nothing starts here: the first
 * test file that asks for a database starts the server, so that unit tests cost nothing.
 * `TEST_DATABASE_URL` names a server to use instead; its role must be allowed to create databases.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const run = `${process.pid}_${Date.now().toString(36)}`
  const url = process.env.TEST_DATABASE_URL
  if (url) {
    const server: TestServer = { run, url }
    project.provide('testServer', server)
    return async () => {
      const { dropRunDatabases } = await import('./database-server.ts')
      await dropRunDatabases(server)
    }
  }

  const base = await fastestDirectory()
  await removeLeftovers(base)
  const dataDir = await mkdtemp(join(base, `${PREFIX}${process.pid}-`))
  await chmod(dataDir, 0o711) // below root PostgreSQL runs as another user
  project.provide('testServer', { run, dataDir })
  const onExit = () => removeNow(dataDir)
  process.once('exit', onExit) // an interrupted vitest exits without teardown
  return async () => {
    await remove(dataDir)
    process.off('exit', onExit)
  }
}

async function remove(dataDir: string): Promise<void> {
  const started = await access(join(dataDir, 'cluster')).then(
    () => true,
    () => false,
  )
  if (started) {
    const { stopEmbeddedPostgres } = await import('../../src/db/embedded/embedded-postgres.ts')
    await stopEmbeddedPostgres(dataDir)
  }
  await rm(dataDir, { recursive: true, force: true })
}

/** What runs that were killed outright have left behind. */
async function removeLeftovers(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN
    if (Number.isNaN(pid) || isAlive(pid)) continue
    const { uid } = await stat(join(base, name))
    if (uid === (process.getuid?.() ?? uid)) await remove(join(base, name))
  }
}

function removeNow(dataDir: string): void {
  const pid = postmasterOf(dataDir)
  if (pid !== null) process.kill(pid, 'SIGQUIT')
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 25 })
}

function postmasterOf(dataDir: string): number | null {
  try {
    const pid = Number.parseInt(
      readFileSync(join(dataDir, 'cluster', 'pgdata', 'postmaster.pid'), 'utf8'),
      10,
    )
    return isAlive(pid) ? pid : null
  } catch {
    return null // no server was started
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
