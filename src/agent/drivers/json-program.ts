import type { DriverReport } from '../../protocol/driver-report.ts'
import { createOutputTail } from '../output-tail.ts'
import type { GroupExit } from '../process-group.ts'
import { describeFailure, runProgram } from '../program.ts'
import { readUsageFile } from '../usage-file.ts'
import type { DriverEvent, DriverResult, DriverTask } from './driver.ts'
import { classifyLimit, describeLimit, type Limit, type Refusal, reportOfLimit } from './limit.ts'
import type { Transcript } from './transcript.ts'

type JsonProgram = {
  /** Of the provider, for sentences. */
  name: string
  command: string
  args: readonly string[]
  /** Added to the session's environment, for this program alone. */
  environment: Record<string, string>
  transcript: Transcript
  /** The file in which the model may leave its own report. */
  reportFile: string
  /** What is known of a refusal beside the transcript. */
  refusal?: (told: Refusal) => Promise<Refusal>
}

/** A line of JSON holds what a tool printed; what is longer is no line that a driver reads. */
const LONGEST_LINE = 16_000_000
const LONGEST_TEXT = 2_000
const TAIL_BYTES = 64 * 1024
const LONGEST_SUMMARY = 60_000

/**
 * Runs a program that tells its work in lines of JSON and reads the prompt from its standard input. Other lines may
 * stand between them: they are shown and kept for the report of a failure, and decide nothing.
 */
export async function runJsonProgram(task: DriverTask, program: JsonProgram): Promise<DriverResult> {
  const { transcript } = program
  const tail = createOutputTail(TAIL_BYTES)
  const tell = (event: DriverEvent): void => {
    if (event.type === 'message') tail.push(Buffer.from(`${event.text}\n`))
    task.emit(event)
  }
  const exit = await runProgram({
    command: program.command,
    args: program.args,
    place: { ...task.place, environment: { ...task.place.environment, ...program.environment } },
    halt: task.halt,
    input: task.promptFile,
    longestLine: LONGEST_LINE,
    onLine(line, stream) {
      const json = stream === 'stdout' ? parseObject(line) : null
      if (json === null) tell({ type: 'message', text: line.slice(0, LONGEST_TEXT) })
      else for (const event of transcript.take(json)) tell(event)
    },
  }).catch((error: Error) => error)
  if (exit instanceof Error)
    return failed(`${program.name} could not be run: ${exit.message}`, tail.text(), null)
  return conclude(program, exit, tail.text())
}

async function conclude(program: JsonProgram, exit: GroupExit, output: string): Promise<DriverResult> {
  const { transcript, name } = program
  const usage = transcript.usage()
  const verdict = transcript.verdict()
  const file = await readUsageFile(program.reportFile)
  if (verdict === null) {
    const how = describeFailure(exit) ?? 'exit status 0'
    return failed(`${name} ended without saying how its work went (${how})`, output, usage)
  }
  if (!verdict.ok) {
    const refusal =
      verdict.refusal && program.refusal ? await program.refusal(verdict.refusal) : verdict.refusal
    const now = new Date()
    const limit = refusal === null ? null : classifyLimit(refusal, now)
    const failure = limit === null ? verdict.failure : `${verdict.failure}: ${describeLimit(limit)}`
    const report = limit === null ? {} : reportOfLimit(limit, sentence(failure), now)
    return { failure, limit, output, report, usage }
  }
  if (!file.ok) return failed(`the report of ${name} is invalid: ${file.reason}`, output, usage)
  return { failure: null, limit: null, output, report: reportOf(verdict.summary, file.report), usage }
}

/** The model's own report says what is to become of the work; what was spent is known better from the program. */
function reportOf(summary: string | null, told: DriverReport | null): DriverReport {
  const { tokens: _tokens, costUsd: _cost, model: _model, ...own } = told ?? {}
  return { ...(summary === null ? {} : { summary: summary.slice(0, LONGEST_SUMMARY) }), ...own }
}

function failed(failure: string, output: string, usage: DriverResult['usage']): DriverResult {
  const limit: Limit | null = null
  return { failure, limit, output, report: {}, usage }
}

function parseObject(line: string): object | null {
  if (!line.startsWith('{')) return null
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' ? value : null
  } catch {
    // Not JSON, or a line that was cut: a line of text like any other.
    return null
  }
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}
