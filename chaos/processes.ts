import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** What is started by a supervisor. */
export interface Program {
  name: string
  start(): ChildProcess
  /** True for what runs in several processes, which are killed and stopped together. */
  family?: boolean
}

/** `dead`: killed by us, and not started again yet. */
export type ProcessState = 'running' | 'stopped' | 'dead' | 'over'

const RESTART_MS = 1_000
const END_MS = 15_000

/** A process that is started again whenever it ends, until `end`. Killing and stopping it is told whether it worked. */
export class Supervised {
  readonly name: string
  readonly #program: Program
  readonly #say: (line: string) => void
  readonly #timers = new Set<NodeJS.Timeout>()
  #child: ChildProcess
  #state: ProcessState = 'running'
  #since = Date.now()
  #starts = 1
  /** Ends that nobody asked for. */
  #ownEnds = 0

  constructor(program: Program, say: (line: string) => void) {
    this.name = program.name
    this.#program = program
    this.#say = say
    this.#child = this.#spawn()
  }

  get pid(): number | null {
    return this.#state === 'running' || this.#state === 'stopped' ? (this.#child.pid ?? null) : null
  }

  get state(): ProcessState {
    return this.#state
  }

  /** Since when it is in its state, in milliseconds since the epoch. */
  get since(): number {
    return this.#since
  }

  get ownEnds(): number {
    return this.#ownEnds
  }

  get starts(): number {
    return this.#starts
  }

  /** kill -9; it is started again after a pause. Answers the time at which it was, or null when it does not run. */
  async kill(restartMs: number): Promise<boolean> {
    if (this.#state !== 'running') return false
    const pids = await this.#pids()
    this.#become('dead')
    signalAll(pids, 'SIGKILL')
    await ended(this.#child)
    await gone(pids)
    this.#later(restartMs, () => this.#restart())
    return true
  }

  /** SIGSTOP, and SIGCONT after a time. `over` is told when it runs again. */
  async stop(forMs: number, over: () => void): Promise<boolean> {
    if (this.#state !== 'running') return false
    const pids = await this.#pids()
    if (this.#state !== 'running') return false
    this.#become('stopped')
    signalAll(pids, 'SIGSTOP')
    this.#later(forMs, () => {
      signalAll(pids, 'SIGCONT')
      if (this.#state === 'stopped') this.#become('running')
      over()
    })
    return true
  }

  /** Ends it for good: asked with a signal, killed when it does not listen. */
  async end(signal: NodeJS.Signals): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    const { pid } = this
    const pids = pid === null ? [] : await this.#pids()
    this.#become('over')
    if (pid === null) return
    signalAll(pids, 'SIGCONT')
    signalAll([pid], signal)
    const over = await Promise.race([
      ended(this.#child).then(() => true),
      delay(END_MS, false, { ref: false }),
    ])
    if (over) return
    signalAll(pids, 'SIGKILL')
    await ended(this.#child)
  }

  #spawn(): ChildProcess {
    const child = this.#program.start()
    child.once('error', (error) => this.#say(`${this.name} cannot be started: ${error.message}`))
    child.once('exit', (code, signal) => {
      if (this.#child !== child || this.#state === 'dead' || this.#state === 'over') return
      this.#ownEnds += 1
      this.#say(`${this.name} ended by itself (${signal ?? code})`)
      this.#become('dead')
      this.#later(RESTART_MS, () => this.#restart())
    })
    return child
  }

  #restart(): void {
    this.#child = this.#spawn()
    this.#starts += 1
    this.#become('running')
  }

  #become(state: ProcessState): void {
    if (this.#state === 'over') return
    this.#state = state
    this.#since = Date.now()
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, ms)
    this.#timers.add(timer)
  }

  async #pids(): Promise<number[]> {
    const { pid } = this.#child
    if (pid === undefined) return []
    return this.#program.family === true ? [pid, ...(await childrenOf(pid))] : [pid]
  }
}

/** Starts a program whose output goes to a file. It has its own process group: Ctrl-C in the terminal does not reach it. */
export function start(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env: Record<string, string>; log: number; uid?: number; gid?: number },
): ChildProcess {
  const { log, ...rest } = options
  return spawn(command, args, { ...rest, stdio: ['ignore', log, log], detached: true })
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once('exit', () => resolve()))
}

async function gone(pids: readonly number[]): Promise<void> {
  const deadline = Date.now() + END_MS
  while (pids.some((pid) => runs(pid)) && Date.now() < deadline) await delay(10)
}

function runs(pid: number): boolean {
  return signalAll([pid], 0)
}

/** True when at least one of them was there. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals | 0): boolean {
  let found = false
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
      found = true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  return found
}

/** A process as /proc shows it. */
export interface Seen {
  pid: number
  parent: number
  environment: string
  command: string
}

/** All processes that still run and whose environment we may read. */
export async function processes(): Promise<Seen[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const seen = await Promise.all(pids.map(look))
  return seen.filter((one) => one !== null)
}

async function look(pid: number): Promise<Seen | null> {
  try {
    const [stat, environment, command] = await Promise.all(
      ['stat', 'environ', 'cmdline'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1')),
    )
    // "pid (any name, even with parentheses) state parent ..."
    const [state, parent] = (stat ?? '').replace(/^.*\) /s, '').split(' ')
    if (state === 'Z' || state === 'X') return null
    return {
      pid,
      parent: Number(parent),
      environment: `\0${environment ?? ''}`,
      command: (command ?? '').replaceAll('\0', ' ').trim(),
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null
    throw error
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  return (await processes()).filter(({ parent }) => parent === pid).map((seen) => seen.pid)
}
