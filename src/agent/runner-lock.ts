import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export type RunnerLock = { readonly runner: string; release(): void }

const SQLITE_BUSY = 5

/**
 * Takes the lock of a runner's name in a work directory; null while another process holds it. The kernel gives it up
 * with its process. A file with a pid was refused: pids are used again, and a dead holder's file cannot be taken over
 * without a race. Node has no flock, but SQLite takes one.
 */
export async function lockRunner(workDir: string, runner: string): Promise<RunnerLock | null> {
  await mkdir(join(workDir, 'runners'), { recursive: true, mode: 0o700 })
  return tryLock(workDir, runner)
}

/** True when no process holds the lock of that name. */
export function runnerIsGone(workDir: string, runner: string): boolean {
  if (!existsSync(lockFile(workDir, runner))) return true
  const lock = tryLock(workDir, runner)
  lock?.release()
  return lock !== null
}

function lockFile(workDir: string, runner: string): string {
  return join(workDir, 'runners', `${runner}.lock`)
}

function tryLock(workDir: string, runner: string): RunnerLock | null {
  const database = new DatabaseSync(lockFile(workDir, runner), { timeout: 0 })
  try {
    database.exec('begin exclusive')
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return null
    throw error
  }
  return { runner, release: () => database.close() }
}
