import type { AgentOptions } from '../../src/agent/config.ts'
import { type MortalProcess, type ProcessFiles, startMortal } from './mortal-process.ts'

/** The real runner in a process of its own, which can be killed. */
export function startRunnerProcess(
  options: AgentOptions,
  { key, home, ...files }: ProcessFiles & { key: string; home: string },
): MortalProcess {
  const main = new URL('runner-main.ts', import.meta.url)
  const env = { HOME: home, MISSION_CONTROL_AGENT_KEY: key, RUNNER_OPTIONS: JSON.stringify(options) }
  return startMortal(main, files, env).mortal
}
