import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

const RETRY_MS = 20
const SQLITE_BUSY = 5

/**
 * Runs `work` while no other process, and no other caller in this one, runs under the same lock file.
 *
 * The lock is the kernel's and dies with its process: Node has no flock, but SQLite takes one. A file
 * that holds a pid was refused, because a dead holder's lock cannot be taken over without a race.
 * @param timeoutMs how long to wait for the present holder before throwing
 */
export async function withFileLock<T>(file: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const lock = new DatabaseSync(file, { timeout: 0 })
  try {
    const deadline = Date.now() + timeoutMs
    while (!tryLock(lock)) {
      if (Date.now() > deadline) {
        throw new Error(`${file} has been locked by another process for ${timeoutMs / 1000} s`)
      }
      await delay(RETRY_MS)
    }
    return await work()
  } finally {
    lock.close()
  }
}

function tryLock(lock: DatabaseSync): boolean {
  try {
    lock.exec('begin exclusive')
    return true
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false
    throw error
  }
}
