import type { DriverReport } from '../../protocol/driver-report.ts'
import { TokenUsage, type Usage } from '../../protocol/usage.ts'
import { describeFailure, runShell } from '../program.ts'
import { readUsageFile } from '../usage-file.ts'
import type { Driver, DriverResult, DriverTask } from './driver.ts'

/**
 * Runs any program: a shell command line in the working copy. It finds the prompt in `MISSION_CONTROL_PROMPT_FILE` and
 * may write a DriverReport to `MISSION_CONTROL_USAGE_FILE`, as often as it likes.
 */
export function commandDriver(options: { command: string; usagePollMs: number }): Driver {
  return {
    provider: 'command',
    secrets: [],
    obstacle: async () => null,
    async run(task) {
      const stopWatching = watchUsage(task, options.usagePollMs)
      try {
        const onLine = (text: string) => task.emit({ type: 'message', text })
        const exit = await runShell({ line: options.command, place: task.place, halt: task.halt, onLine })
        const failure = describeFailure(exit)
        return await withReport(task, {
          failure: failure === null ? null : `the program failed: ${failure}`,
          limit: null,
          output: exit.output,
          report: {},
          usage: null,
        })
      } finally {
        stopWatching()
      }
    },
  }
}

/** Null when a report tells nothing of what was spent. */
function usageOf(report: DriverReport): Usage | null {
  if (report.tokens === undefined && report.costUsd === undefined && report.model === undefined) return null
  return {
    tokens: report.tokens ?? TokenUsage.parse({}),
    costUsd: report.costUsd ?? null,
    model: report.model ?? null,
  }
}

async function withReport(task: DriverTask, result: DriverResult): Promise<DriverResult> {
  const file = await readUsageFile(task.usageFile)
  if (!file.ok) {
    const invalid = `the usage file (MISSION_CONTROL_USAGE_FILE) is invalid: ${file.reason}`
    return { ...result, failure: result.failure === null ? invalid : `${result.failure}; ${invalid}` }
  }
  if (file.report === null) return result
  return { ...result, report: file.report, usage: usageOf(file.report) }
}

/** A file that is half written while the program runs is read again at the next look. */
function watchUsage(task: DriverTask, pollMs: number): () => void {
  let watching = true
  let timer = setTimeout(look, pollMs)
  async function look(): Promise<void> {
    const file = await readUsageFile(task.usageFile)
    if (!watching) return
    const usage = file.ok && file.report !== null ? usageOf(file.report) : null
    if (usage !== null) task.emit({ type: 'usage', usage })
    timer = setTimeout(look, pollMs)
  }
  return () => {
    watching = false
    clearTimeout(timer)
  }
}
