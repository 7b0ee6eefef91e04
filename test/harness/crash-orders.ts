import { appendFileSync } from 'node:fs'
import { watchCrashPoints } from '../../src/runtime/crash-points.ts'

/** What a test tells a process: to die when it stands at this point. */
export interface CrashOrder {
  point: string
}

const PASSED = 'passed '
const DIED = 'died '

/**
 * In the process that is to die: writes down each point that it passes, and at the ordered one kills itself outright,
 * as a machine that loses power. Nothing is flushed, no handler runs.
 * `CRASH_ORDER` names the point, or a message of the parent. `CRASH_FILE` gets a line per new point, and one for the
 * death; written before anything else can happen.
 */
export function obeyCrashOrders({ CRASH_FILE: file, CRASH_ORDER }: NodeJS.ProcessEnv): void {
  if (file === undefined) throw new Error('CRASH_FILE is needed')
  let order: CrashOrder | null = CRASH_ORDER ? { point: CRASH_ORDER } : null
  const passed = new Set<string>()
  process.on('message', (message: CrashOrder) => {
    order = message
    process.send?.({ ordered: message.point })
  })
  watchCrashPoints((point) => {
    if (!passed.has(point)) appendFileSync(file, `${PASSED}${point}\n`)
    passed.add(point)
    if (order?.point !== point) return
    appendFileSync(file, `${DIED}${point}\n`)
    process.kill(process.pid, 'SIGKILL')
    // other threads may run for an instant longer: this one does not
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
}

/** What the lines of such a file say. */
export function readCrashFile(text: string): { passed: string[]; died: string[] } {
  const lines = text.split('\n')
  const after = (prefix: string): string[] =>
    lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length))
  return { passed: after(PASSED), died: after(DIED) }
}
