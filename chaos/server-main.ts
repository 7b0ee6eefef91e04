import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../src/config.ts'
import { startServer } from '../src/main.ts'
import { createLogger } from '../src/runtime/logger.ts'

/** A server whose whole configuration, its policy included, is in the file that is named: the command line has no lease. */
const [file = ''] = process.argv.slice(2)
const config = JSON.parse(readFileSync(file, 'utf8')) as Config
const logger = createLogger(config.logLevel)
const RETRY_MS = 500

let stopping = false
const ended = new Promise<void>((resolve) => {
  process.once('SIGTERM', () => {
    stopping = true
    resolve()
  })
})
const server = await startWhenPossible()
await ended
await server?.stop()

/** The database may be down when we are started: whoever runs us would start us again. */
async function startWhenPossible() {
  while (!stopping) {
    try {
      return await startServer(config, logger)
    } catch (error) {
      logger.error({ err: error }, 'the server did not start; it is tried again')
      await delay(RETRY_MS)
    }
  }
  return null
}
