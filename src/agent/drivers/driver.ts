import type { DriverReport } from '../../protocol/driver-report.ts'
import type { Usage } from '../../protocol/usage.ts'
import type { Halt } from '../halt.ts'
import type { ProgramPlace } from '../program.ts'

/** What a driver tells while its program works. Usage is the total since the start of the session. */
export type DriverEvent =
  | { type: 'message'; text: string }
  | { type: 'progress'; percent: number }
  | { type: 'usage'; usage: Usage }

/** What a driver is given for one session. */
export type DriverTask = {
  place: ProgramPlace
  promptFile: string
  usageFile: string
  model: string | null
  halt: Halt
  emit(event: DriverEvent): void
}

/**
 * `failure` is null when the program succeeded, else one sentence; `output` is the end of what it printed; `usage` is
 * null when the program did not tell it.
 */
export type DriverResult = {
  failure: string | null
  output: string
  report: DriverReport
  usage: Usage | null
}

/** Runs one provider's program for one session, until it and all it started has ended. */
export type Driver = {
  readonly provider: string
  run(task: DriverTask): Promise<DriverResult>
}
