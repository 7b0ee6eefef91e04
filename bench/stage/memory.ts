import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Resident memory of a process, in MB (10^6 bytes), as `ps` tells it on Linux and macOS alike. */
export async function residentMegabytes(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  const kibibytes = Number(stdout.trim())
  if (!(kibibytes > 0)) throw new Error(`process ${pid} is not there`)
  return Math.round((kibibytes * 1024) / 1e5) / 10
}
