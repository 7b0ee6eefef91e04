import { fileURLToPath } from 'node:url'
import type { ProgramProvider } from '../../../src/agent/drivers/programs.ts'

/** Stands in recordings for the second at which an allowance is renewed: in an hour from the replay. */
export const RESET = '9999999999'

/** The recorded run of a scenario. */
export function goldenFile(provider: ProgramProvider, scenario: string): string {
  return fileURLToPath(new URL(`./golden/${provider}/${scenario}.txt`, import.meta.url))
}
