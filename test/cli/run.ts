import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The program's entry. */
export const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

/** Runs `mission-control` as a process with these variables and no others; answers when it has ended. */
export function missionControl(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env }, timeout: 20_000 }
    const child = execFile(process.execPath, [CLI, ...args], options, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    )
  })
}
