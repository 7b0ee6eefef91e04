import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { type CrashOrder, readCrashFile } from './crash-orders.ts'

const STOP_MS = 15_000

/** A process that a test may let die at a crash point. */
export interface MortalProcess {
  readonly pid: number
  /** From now on: die at this point. Resolves when the process knows. */
  dieAt(point: string): Promise<void>
  /** Resolves when it has ended, with how, and with the point at which it killed itself. */
  readonly ended: Promise<{ signal: NodeJS.Signals | null; code: number | null; diedAt: string | null }>
  kill(signal: NodeJS.Signals): void
  /** Asks it to stop and waits until it has; does nothing when it has ended. */
  stop(): Promise<void>
}

export interface ProcessFiles {
  /** Gets the crash points that the process passes; all its lives append to it. See `crash-orders.ts`. */
  crashFile: string
  /** Keeps compiled modules from one life to the next: half of a start is reading the sources. */
  cache: string
  /** The crash point at which it dies, from its start on. */
  dieAt?: string | undefined
}

/** Starts one of the `*-main.ts` of this folder. */
export function startMortal(main: URL, { crashFile, cache, dieAt }: ProcessFiles, env: NodeJS.ProcessEnv) {
  const { PATH, HOME, TMPDIR, TEST_LOG } = process.env
  const child = fork(main, {
    env: {
      PATH,
      HOME,
      TMPDIR,
      TEST_LOG,
      CRASH_FILE: crashFile,
      CRASH_ORDER: dieAt,
      NODE_COMPILE_CACHE: cache,
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const before = deaths(crashFile)
  const ended = new Promise<Awaited<MortalProcess['ended']>>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ signal, code, diedAt: deaths(crashFile)[before.length] ?? null })
    })
  })
  const mortal: MortalProcess = {
    pid: child.pid ?? 0,
    ended,
    async dieAt(point) {
      const known = message(child, (value) => value.ordered === point)
      child.send({ point } satisfies CrashOrder)
      await known
    },
    kill: (signal) => {
      child.kill(signal)
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(timer)
    },
  }
  return { mortal, child }
}

/** Waits for a message of the process; throws when it ends first. */
export function message(
  child: ChildProcess,
  wanted: (value: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null): void => {
      reject(new Error(`the process ended with ${signal ?? code}`))
    }
    const onMessage = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || !wanted(value as Record<string, unknown>)) return
      child.off('exit', onExit)
      child.off('message', onMessage)
      resolve(value as Record<string, unknown>)
    }
    child.once('exit', onExit)
    child.on('message', onMessage)
  })
}

function deaths(file: string): string[] {
  return existsSync(file) ? readCrashFile(readFileSync(file, 'utf8')).died : []
}
