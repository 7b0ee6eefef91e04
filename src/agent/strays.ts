import { readdir, readFile } from 'node:fs/promises'

const LINUX = process.platform === 'linux'

/**
 * Processes that were started with exactly this `NAME=value` in their environment, also those that left their process
 * group. Linux only (elsewhere none are found): there is no portable way to read another process's environment.
 */
export async function findStrays(marker: string): Promise<number[]> {
  if (!LINUX) return []
  const wanted = Buffer.from(`\0${marker}\0`)
  const found = await Promise.all(
    (await processIds()).map(async (pid) => {
      const environment = await readProc(`/proc/${pid}/environ`)
      return environment !== null && Buffer.concat([Buffer.from('\0'), environment]).includes(wanted)
        ? pid
        : null
    }),
  )
  return found.filter((pid) => pid !== null)
}

/**
 * True while the group has a member that still runs. A zombie that its parent does not reap (in a container without
 * an init) answers to signals for ever, so it is not counted where /proc can tell.
 */
export async function groupRuns(group: number): Promise<boolean> {
  if (!signalProcess(-group, 0)) return false
  if (!LINUX) return true
  const states = await Promise.all((await processIds()).map((pid) => readProc(`/proc/${pid}/stat`)))
  return states.some((stat) => {
    // "pid (any name, even with parentheses) state parent group ..."
    const [state, , pgrp] =
      stat
        ?.toString('latin1')
        .replace(/^.*\) /s, '')
        .split(' ') ?? []
    return Number(pgrp) === group && state !== 'Z' && state !== 'X'
  })
}

/** Sends a signal to a process, or with a negative id to a group; false when there is none. */
export function signalProcess(id: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(id, signal)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    // macOS answers EPERM for a group of zombies.
    if (code === 'ESRCH' || code === 'EPERM') return false
    throw error
  }
}

async function processIds(): Promise<number[]> {
  const names = await readdir('/proc')
  return names.filter((name) => /^\d+$/.test(name)).map(Number)
}

/** Null when the process has gone, or belongs to someone else. */
async function readProc(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null
    throw error
  }
}
