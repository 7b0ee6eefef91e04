import type { AgentConfig } from '../config.ts'
import type { Tuning } from '../tuning.ts'
import { claudeCodeDriver } from './claude-code.ts'
import { codexDriver } from './codex.ts'
import { commandDriver } from './command.ts'
import type { Driver } from './driver.ts'

/** The driver that the operator chose. */
export function createDriver({ driver, path }: Pick<AgentConfig, 'driver' | 'path'>, tuning: Tuning): Driver {
  switch (driver.provider) {
    case 'command':
      return commandDriver({ ...driver, usagePollMs: tuning.usagePollMs })
    case 'claude-code':
      return claudeCodeDriver({ ...driver, path })
    case 'codex':
      return codexDriver({ ...driver, path, usagePollMs: tuning.usagePollMs })
    default:
      return driver satisfies never
  }
}
