import type { Halt } from './halt.ts'
import { type GroupExit, type LineListener, startGroup } from './process-group.ts'

/** Where a program of a session runs. */
export type ProgramPlace = {
  directory: string
  environment: Record<string, string>
  marker: string
  graceMs: number
}

type Run = { place: ProgramPlace; halt: Halt; onLine?: LineListener | undefined }
type ProgramRun = Run & {
  command: string
  args: readonly string[]
  /** The file that it reads as its standard input. */
  input?: string
  longestLine?: number
}

/** As `runProgram`, for a shell command line. */
export function runShell({ line, ...run }: Run & { line: string }): Promise<GroupExit> {
  return runProgram({ ...run, command: '/bin/sh', args: ['-c', line] })
}

/**
 * Runs a program until it and everything it started has ended. A halt ends it: SIGTERM and SIGKILL after the grace, or
 * SIGKILL at once when there is nothing to save. Rejects when it cannot be started.
 */
export async function runProgram(run: ProgramRun): Promise<GroupExit> {
  const { place, halt, ...program } = run
  const { directory, environment, marker } = place
  const group = startGroup({ ...program, directory, environment, marker })
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
