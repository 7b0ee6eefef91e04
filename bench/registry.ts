import type { Case } from './case.ts'
import { calls } from './cases/calls.ts'
import { claims } from './cases/claims.ts'
import { demo } from './cases/demo.ts'
import { dispatch } from './cases/dispatch.ts'
import { gateway } from './cases/gateway.ts'
import { handover } from './cases/handover.ts'
import { ingest } from './cases/ingest.ts'
import { serverIdleMemory } from './cases/server-idle-memory.ts'
import { serverStart } from './cases/server-start.ts'

/** One line per case. */
export const cases: readonly Case[] = [
  handover,
  demo,
  claims,
  ingest,
  dispatch,
  gateway,
  calls,
  serverStart,
  serverIdleMemory,
]

/** The cases that were named, by their own name or by that of one of their rows; all when none was. */
export function chooseCases(
  names: readonly string[],
): { ok: true; chosen: Case[] } | { ok: false; unknown: string[] } {
  if (names.length === 0) return { ok: true, chosen: [...cases] }
  const isOf = (one: Case, name: string): boolean =>
    one.name === name || one.rows.some((row) => row.name === name)
  const unknown = names.filter((name) => !cases.some((one) => isOf(one, name)))
  if (unknown.length > 0) return { ok: false, unknown }
  return { ok: true, chosen: cases.filter((one) => names.some((name) => isOf(one, name))) }
}
