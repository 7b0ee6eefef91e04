import { runAgent } from '../../src/agent/main.ts'
import { createLogger } from '../../src/runtime/logger.ts'

process.exitCode = await runAgent({}, process.env, createLogger('silent'))
