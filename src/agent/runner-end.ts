/** Why a runner ended; exit codes are those of sysexits(3). */
const RUNNER_ENDS = {
  stopped: { exitCode: 0 },
  killed: { exitCode: 1 },
  git_missing: { exitCode: 69 },
  program_missing: { exitCode: 69 },
  locked: { exitCode: 75 },
  replaced: { exitCode: 75 },
  protocol: { exitCode: 76 },
  key_refused: { exitCode: 77 },
  wrong_name: { exitCode: 78 },
} as const satisfies Record<string, { exitCode: number }>
export type RunnerEnd = { code: keyof typeof RUNNER_ENDS; message: string; exitCode: number }

export function runnerEnd(code: RunnerEnd['code'], message: string): RunnerEnd {
  return { code, message, exitCode: RUNNER_ENDS[code].exitCode }
}
