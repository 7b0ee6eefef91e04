import type { DriverReport } from '../../protocol/driver-report.ts'
import type { Usage } from '../../protocol/usage.ts'
import type { Halt } from '../halt.ts'
import type { ProgramPlace } from '../program.ts'
import type { Limit } from './limit.ts'

/**
 * What a driver tells while its program works, whatever the program's own format is. Usage is the total since the start
 * of the session. A limit is one that the program met; it may still get on by waiting.
 */
export type DriverEvent =
  | { type: 'message'; text: string }
  | { type: 'progress'; percent: number }
  | { type: 'usage'; usage: Usage }
  | { type: 'limit'; limit: Limit }

/** What a driver is given for one session. */
export type DriverTask = {
  place: ProgramPlace
  /** The session's own directory: what a program keeps for itself goes into a directory of its own in there. */
  directory: string
  /** Where git keeps what belongs to the working copy; a sandbox has to let the program write there. */
  gitDirectories: readonly string[]
  promptFile: string
  usageFile: string
  model: string | null
  halt: Halt
  emit(event: DriverEvent): void
}

/**
 * `failure` is null when the program succeeded, else one sentence; `limit` is what the model's provider refused, when
 * that is why it failed; `output` is the end of what it printed; `usage` is null when the program did not tell it.
 */
export type DriverResult = {
  failure: string | null
  limit: Limit | null
  output: string
  report: DriverReport
  usage: Usage | null
}

/** Runs one provider's program for one session, until it and all it started has ended. */
export type Driver = {
  readonly provider: string
  /** Texts that must not leave the machine: the keys that the program is given. */
  readonly secrets: readonly string[]
  /** Why the driver cannot work on this machine, in one sentence that says what to do; null when it can. */
  obstacle(): Promise<string | null>
  run(task: DriverTask): Promise<DriverResult>
}
