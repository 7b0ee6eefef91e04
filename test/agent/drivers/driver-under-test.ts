import { claudeCodeDriver } from '../../../src/agent/drivers/claude-code.ts'
import { codexDriver } from '../../../src/agent/drivers/codex.ts'
import type { Driver } from '../../../src/agent/drivers/driver.ts'
import type { ProgramProvider } from '../../../src/agent/drivers/programs.ts'

export const MODEL_KEY = 'sk-test-0123456789'
const PLAN_TOKEN = 'sk-ant-oat01-test'

/** A driver whose program is the one at a path, with a key that no provider knows. */
export function driverUnderTest(
  provider: ProgramProvider,
  options: {
    program: string
    modelUrl?: string
    plan?: boolean | undefined
    maxTurns?: number | undefined
    permissions?: 'workspace' | 'all'
  },
): Driver {
  const { program, modelUrl = 'http://127.0.0.1:1', plan = false, maxTurns = null } = options
  const common = {
    program,
    path: process.env.PATH ?? '',
    permissions: options.permissions ?? 'workspace',
  } as const
  if (provider === 'codex') {
    const model = { variables: { CODEX_API_KEY: MODEL_KEY }, secrets: [MODEL_KEY] }
    return codexDriver({ ...common, model, baseUrl: `${modelUrl}/v1`, usagePollMs: 20 })
  }
  const key = plan ? { CLAUDE_CODE_OAUTH_TOKEN: PLAN_TOKEN } : { ANTHROPIC_API_KEY: MODEL_KEY }
  const model = { variables: { ANTHROPIC_BASE_URL: modelUrl, ...key }, secrets: Object.values(key) }
  return claudeCodeDriver({ ...common, model, maxTurns, maxCostUsd: null })
}
