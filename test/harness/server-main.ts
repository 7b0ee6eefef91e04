import type { Config } from '../../src/config.ts'
import { startServer } from '../../src/main.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { obeyCrashOrders } from './crash-orders.ts'

// the server as a process of its own: `server-process.ts` starts it
const { SERVER_CONFIG, TEST_LOG } = process.env
if (SERVER_CONFIG === undefined) throw new Error('SERVER_CONFIG is needed')
obeyCrashOrders(process.env)
const server = await startServer(JSON.parse(SERVER_CONFIG) as Config, createLogger(TEST_LOG ?? 'silent'))
const stop = async (): Promise<void> => {
  await server.stop()
  process.exit()
}
process.once('SIGTERM', stop)
// the test is gone, and its database with it
process.once('disconnect', () => process.exit(1))
process.send?.({ url: server.url })
