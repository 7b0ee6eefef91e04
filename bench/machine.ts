import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import type { Machine } from './report.ts'

const GIB = 1024 ** 3

/** This machine, as far as it matters to what is measured on it. */
export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryGiB: Math.round((totalmem() / GIB) * 10) / 10,
    os: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}
