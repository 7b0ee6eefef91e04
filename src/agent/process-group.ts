import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { createOutputLines } from './output-lines.ts'
import { createOutputTail } from './output-tail.ts'
import { findStrays, groupRuns, signalProcess } from './strays.ts'

type GroupOptions = {
  command: string
  args: readonly string[]
  directory: string
  /** The whole environment. */
  environment: Record<string, string>
  /** `NAME=value` of the environment by which descendants that left the group are found (Linux). */
  marker: string
  /** A file that the program reads as its standard input; closed when left out. */
  input?: string | undefined
  onLine?: LineListener | undefined
  /** Characters of a line that are told; the rest of it is dropped. */
  longestLine?: number | undefined
}

/** Hears each line of the output when it is complete; the two streams are cut into lines separately. */
export type LineListener = (line: string, stream: 'stdout' | 'stderr') => void

export type GroupExit = { code: number | null; signal: NodeJS.Signals | null; output: string }

type ProcessGroup = {
  /** Resolves when the program has ended **and** nothing that it started is left; rejects when it cannot be started. */
  readonly finished: Promise<GroupExit>
  /** SIGTERM to all of it, SIGKILL after `graceMs` (0: at once). May be called again with a shorter grace. */
  terminate(graceMs: number): void
}

type Deadline = { at: number; set: Promise<void>; wake: () => void }

const TAIL_BYTES = 64 * 1024
const POLL_MS = 20
/** How long SIGKILL may take; a process in uninterruptible sleep for longer is the machine's fault. */
const KILL_MS = 10_000
const DRAIN_MS = 500
const LONGEST_LINE = 2_000

/**
 * Starts a program as the leader of its own process group, with no controlling terminal and nothing to read but the
 * file `input`. What is left of the group when the leader ends by itself is killed at once.
 */
export function startGroup(options: GroupOptions): ProcessGroup {
  const child = spawnLeader(options)
  const tail = createOutputTail(TAIL_BYTES)
  const streams = [hear(child.stdout, 'stdout', options), hear(child.stderr, 'stderr', options)]
  child.stdout?.on('data', (chunk: Buffer) => tail.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => tail.push(chunk))
  const deadline = createDeadline()
  const finished = finish(child, options.marker, deadline).then((exit) => {
    for (const lines of streams) lines.end()
    return { ...exit, output: tail.text() }
  })
  return {
    finished,
    terminate(graceMs) {
      const wanted = Date.now() + graceMs
      if (wanted >= deadline.at) return
      deadline.at = wanted
      if (child.pid !== undefined) signalProcess(-child.pid, graceMs > 0 ? 'SIGTERM' : 'SIGKILL')
      deadline.wake()
    },
  }
}

function spawnLeader(options: GroupOptions): ChildProcess {
  const input = options.input === undefined ? 'ignore' : openSync(options.input, 'r')
  try {
    return spawn(options.command, options.args, {
      cwd: options.directory,
      env: options.environment,
      detached: true,
      stdio: [input, 'pipe', 'pipe'],
    })
  } finally {
    if (typeof input === 'number') closeSync(input)
  }
}

function hear(stream: Readable | null, name: 'stdout' | 'stderr', { onLine, longestLine }: GroupOptions) {
  const lines = createOutputLines(longestLine ?? LONGEST_LINE, (line) => onLine?.(line, name))
  stream?.on('data', (chunk: Buffer) => lines.push(chunk))
  return lines
}

/** Kills everything that carries the marker and waits until it is gone: the remains of a runner that died. */
export async function killStrays(marker: string): Promise<number> {
  const before = await findStrays(marker)
  await untilGone(null, marker, { at: Date.now() })
  return before.length
}

async function finish(
  child: ChildProcess,
  marker: string,
  deadline: Deadline,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const closed = once(child, 'close').catch(() => undefined)
  // 'exit', not 'close': a descendant that keeps the pipes open would hold 'close' back for ever.
  const exit = once(child, 'exit').then(
    (args) => {
      const [code, signal] = args as [number | null, NodeJS.Signals | null]
      if (deadline.at === Number.POSITIVE_INFINITY) deadline.at = Date.now()
      return { code, signal }
    },
    (cause: Error) => {
      // Node answers ENOENT for the program also when it is the directory that is missing.
      throw new Error(`the program cannot be started in its directory (${cause.message})`, { cause })
    },
  )
  await Promise.race([exit, deadline.set])
  if (child.pid !== undefined) await untilGone(child.pid, marker, deadline)
  const result = await exit
  await Promise.race([closed, delay(DRAIN_MS)])
  child.stdout?.destroy()
  child.stderr?.destroy()
  return result
}

/** Waits until neither the group nor strays run; from the deadline on they are killed. */
async function untilGone(group: number | null, marker: string, deadline: { at: number }): Promise<void> {
  let terminated = false
  for (;;) {
    const alive = group !== null && (await groupRuns(group))
    const strays = await findStrays(marker)
    if (!alive && strays.length === 0) return
    const late = Date.now() - deadline.at
    if (late > KILL_MS) throw new Error(`processes of ${marker} survived SIGKILL for ${KILL_MS / 1000} s`)
    const signal = late >= 0 ? 'SIGKILL' : 'SIGTERM'
    if (alive && late >= 0) signalProcess(-group, signal)
    if (late >= 0 || !terminated) for (const pid of strays) signalProcess(pid, signal)
    terminated = true
    await delay(POLL_MS)
  }
}

function createDeadline(): Deadline {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { at: Number.POSITIVE_INFINITY, set: promise, wake: resolve }
}
