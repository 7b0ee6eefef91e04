import { agentsDirectory, installedProgram, type ProgramProvider } from '../../src/agent/drivers/programs.ts'

/** The program that `scripts/install-agents.ts` installed. */
export function installed(provider: ProgramProvider): string {
  const directory = agentsDirectory(process.env)
  if (directory === null) throw new Error('MISSION_CONTROL_AGENTS_DIR is not set, and neither is HOME')
  return installedProgram(provider, directory).program
}
