import type { Usage } from '../../protocol/usage.ts'
import type { DriverEvent } from './driver.ts'
import type { Refusal } from './limit.ts'

/** How a program ended by its own account. */
export type Verdict =
  | { ok: true; summary: string | null }
  | { ok: false; failure: string; refusal: Refusal | null }

/** Reads the JSON lines of one program's run, in order. Lines that it does not know change nothing. */
export type Transcript = {
  /** What the line tells. */
  take(line: unknown): DriverEvent[]
  /** Null while the program has not said how it ended. */
  verdict(): Verdict | null
  /** Null when the program has not told. */
  usage(): Usage | null
}

const LONGEST_MESSAGE = 500

/** A message of the session's progress: the beginning of what a model or a tool said. */
export function message(text: string): DriverEvent[] {
  const trimmed = text.trim()
  return trimmed === '' ? [] : [{ type: 'message', text: trimmed.slice(0, LONGEST_MESSAGE) }]
}
