import { type Config, type ConfigResult, processEnvironment, readConfig, SETTINGS } from '../config.ts'

/** sysexits.h: something is wrong with the configuration. */
export const EX_CONFIG = 78

/** The configuration of this process, or the end of it: every wrong variable is named with what is expected. */
export function requireConfig(result: ConfigResult = readConfig(processEnvironment())): Config {
  if (result.ok) return result.config
  for (const { name, problem, expected } of result.problems) {
    console.error(`${name} ${problem}: expected ${expected}`)
  }
  console.error('\nWithout a GitHub App: `npm run demo` needs none of these.')
  process.exit(EX_CONFIG)
}

/** For help texts: every variable, what is expected, and its default. */
export function settingsHelp(): string {
  const rows = Object.entries(SETTINGS).map(
    ([name, { expected, default: value }]) =>
      `  ${name.padEnd(26)}${expected}${value === null ? '' : ` (default: ${value})`}`,
  )
  return `\nEnvironment:\n${rows.join('\n')}`
}

/** Resolves at the first SIGINT or SIGTERM. A second one ends the process at once. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let told = false
    const onSignal = (signal: NodeJS.Signals): void => {
      if (told) process.exit(1)
      told = true
      resolve(signal)
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}
