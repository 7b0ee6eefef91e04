import type { Halt } from './halt.ts'
import { type GroupExit, startGroup } from './process-group.ts'

/** Where a shell command line of a session runs. */
export type ProgramPlace = {
  directory: string
  environment: Record<string, string>
  marker: string
  graceMs: number
}

type ProgramRun = { line: string; place: ProgramPlace; halt: Halt; onLine?: (line: string) => void }

/**
 * Runs a shell command line until it and everything it started has ended. A halt ends it: SIGTERM and SIGKILL after
 * the grace, or SIGKILL at once when there is nothing to save.
 */
export async function runProgram(run: ProgramRun): Promise<GroupExit> {
  const { place, halt } = run
  const group = startGroup({
    command: '/bin/sh',
    args: ['-c', run.line],
    directory: place.directory,
    environment: place.environment,
    marker: place.marker,
    onLine: run.onLine,
  })
  const stop = () => group.terminate(place.graceMs)
  const kill = () => group.terminate(0)
  halt.stopping.addEventListener('abort', stop)
  halt.killing.addEventListener('abort', kill)
  if (halt.stopping.aborted) stop()
  if (halt.killing.aborted) kill()
  try {
    return await group.finished
  } finally {
    halt.stopping.removeEventListener('abort', stop)
    halt.killing.removeEventListener('abort', kill)
  }
}

/** How a program ended, as a person says it; null when it succeeded. */
export function describeFailure(exit: GroupExit): string | null {
  if (exit.code === 0) return null
  return exit.signal === null ? `exit status ${exit.code}` : `killed by ${exit.signal}`
}
