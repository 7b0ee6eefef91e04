import type { AgentConfig } from '../config.ts'
import type { Tuning } from '../tuning.ts'
import { commandDriver } from './command.ts'
import type { Driver } from './driver.ts'

type DriverConfig = AgentConfig['driver']
type Factories = {
  [P in DriverConfig['provider']]: (config: Extract<DriverConfig, { provider: P }>, tuning: Tuning) => Driver
}

/** One line per driver. */
const DRIVERS: Factories = {
  command: (config, tuning) => commandDriver({ command: config.command, usagePollMs: tuning.usagePollMs }),
}

export function createDriver(config: DriverConfig, tuning: Tuning): Driver {
  return DRIVERS[config.provider](config, tuning)
}
