import { readAgentConfig } from '../../src/agent/config.ts'
import { startRunner } from '../../src/agent/runner.ts'
import { DEFAULT_TUNING } from '../../src/agent/tuning.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { obeyCrashOrders } from './crash-orders.ts'

// the runner as a process of its own: `runner-process.ts` starts it
const { RUNNER_OPTIONS, MISSION_CONTROL_AGENT_KEY, PATH, HOME, TEST_LOG } = process.env
if (RUNNER_OPTIONS === undefined) throw new Error('RUNNER_OPTIONS is needed')
obeyCrashOrders(process.env)
const read = readAgentConfig(JSON.parse(RUNNER_OPTIONS), { MISSION_CONTROL_AGENT_KEY, PATH, HOME })
if (!read.ok) throw new Error(JSON.stringify(read.problems))
// a server that was killed is back within a second or two
const tuning = { ...DEFAULT_TUNING, reconnectMinMs: 100, reconnectMaxMs: 1_000 }
const runner = await startRunner(read.config, createLogger(TEST_LOG ?? 'silent'), tuning)
const stop = (): void => void runner.stop('the test')
process.once('SIGTERM', stop)
// the test is gone
process.once('disconnect', stop)
const end = await runner.stopped
process.exit(end.exitCode)
