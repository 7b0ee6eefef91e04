import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const KIBIBYTE = 1024

/** Resident memory of a process, in MB (10^6 bytes). Throws when there is no such process. */
export async function residentMegabytes(pid: number): Promise<number> {
  const kibibytes = process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid)
  if (!(kibibytes > 0)) throw new Error(`process ${pid} is not there`)
  return Math.round((kibibytes * KIBIBYTE) / 1e5) / 10
}

/** Slim images have no `ps`. */
async function fromProc(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1])
}

async function fromPs(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout.trim())
}
