import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { residentMegabytes } from './memory.ts'

const SAMPLE_MS = 50
const KIBIBYTE = 1024

/** The most that was seen, in MB (10^6 bytes). */
export interface MemoryPeak {
  /** Resident memory of the server process. */
  server: number
  /** What all processes below it together had allocated, mapped files left out. Null where it cannot be read. */
  children: number | null
}

/** Watches the server and the git processes that it starts while some work runs. */
export async function peakMemory(pid: number, work: () => Promise<unknown>): Promise<MemoryPeak> {
  const peak: MemoryPeak = {
    server: await residentMegabytes(pid),
    children: process.platform === 'linux' ? 0 : null,
  }
  let done = false
  const watch = async (): Promise<void> => {
    while (!done) {
      peak.server = Math.max(peak.server, await residentMegabytes(pid))
      if (peak.children !== null) peak.children = Math.max(peak.children, await allocatedBelow(pid))
      await delay(SAMPLE_MS)
    }
  }
  const watching = watch()
  try {
    await work()
  } finally {
    done = true
    await watching
  }
  return peak
}

/**
 * Asks for the children of each process instead of reading all that run: the watching must not slow down what is watched.
 * https://man7.org/linux/man-pages/man5/proc_pid_task.5.html
 */
async function allocatedBelow(pid: number): Promise<number> {
  const children = (await read(`/proc/${pid}/task/${pid}/children`)).split(' ').filter(Boolean)
  const sizes = await Promise.all(
    children.map(async (child) => {
      const status = await read(`/proc/${child}/status`)
      // until it runs its program, a new process looks as large as the one that it was forked from
      const own = /^Name:\s+git/m.test(status) ? Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0) : 0
      return (own * KIBIBYTE) / 1e6 + (await allocatedBelow(Number(child)))
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Nothing when the process has ended. */
const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')
