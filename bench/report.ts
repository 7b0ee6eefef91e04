import { z } from 'zod'

/** What is asked of a value, readable by people and programs: `under 250`, `at most 14`, `at least 1000`. */
export const Goal = z.templateLiteral([z.enum(['under', 'at most', 'at least']), ' ', z.number()])
export type Goal = z.infer<typeof Goal>

const value = z.number()

/** What a case answers for one of its rows. */
export const Measured = z.strictObject({
  value,
  p50: value.optional(),
  p99: value.optional(),
  /** The same done without our work, on the same machine in the same run. */
  reference: z.strictObject({ name: z.string().min(1), value }).optional(),
})
export type Measured = z.infer<typeof Measured>

/** One row of the report. `ratio` is the value over the reference's; `met` is null where nothing is asked. */
export const ReportRow = Measured.extend({
  name: z.string().min(1),
  unit: z.string().min(1),
  ratio: value.optional(),
  goal: Goal.nullable(),
  met: z.boolean().nullable(),
})
export type ReportRow = z.infer<typeof ReportRow>

export const Machine = z.strictObject({
  cpu: z.string(),
  cpus: z.int().positive(),
  memoryGiB: z.number(),
  os: z.string(),
  node: z.string(),
  /** The load of the last minute when the run began: what else the machine was busy with. */
  load: z.number(),
})
export type Machine = z.infer<typeof Machine>

/** What `npm run bench -- --json FILE` writes. */
export const Report = z.strictObject({
  machine: Machine,
  date: z.iso.datetime(),
  cases: z.array(ReportRow),
})
export type Report = z.infer<typeof Report>

/** Whether a value is what is asked. */
export function meets(goal: Goal, measured: number): boolean {
  const [, words, number] = /^(under|at most|at least) (.+)$/.exec(goal) ?? []
  const bound = Number(number)
  if (words === 'under') return measured < bound
  return words === 'at most' ? measured <= bound : measured >= bound
}

/** A row of the report: the measurement beside its goal. */
export function reportRow(
  row: { name: string; unit: string; goal: Goal | null },
  measured: Measured,
): ReportRow {
  const { reference } = measured
  return {
    name: row.name,
    unit: row.unit,
    ...measured,
    ...(reference && reference.value !== 0 ? { ratio: measured.value / reference.value } : {}),
    goal: row.goal,
    met: row.goal === null ? null : meets(row.goal, measured.value),
  }
}
