import { generateKeyPairSync } from 'node:crypto'
import { Probot, Server } from 'probot'
import { createLogger } from '../../src/runtime/logger.ts'
import { serveParent } from './child.ts'
import { freePort } from './serve.ts'

/**
 * Probot's own server with a handler that does nothing, as https://probot.github.io/docs/development/ starts it: with its
 * log of every request, in production's format, to nowhere. `quiet`: without it.
 */
serveParent<{ secret: string; quiet: boolean }, ProbotApi>(async ({ secret, quiet }) => {
  process.env.NODE_ENV = 'production'
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const log = quiet ? { log: createLogger('warn') } : {}
  const server = new Server({
    Probot: Probot.defaults({ appId: 1, privateKey, secret, ...log }),
    host: '127.0.0.1',
    port: await freePort(),
    ...log,
  })
  let handled = 0
  await server.load((app) => {
    app.on('issues', async () => {
      handled += 1
    })
  })
  await server.start()
  const api = { port: () => server.port, handled: () => handled }
  return { api, stop: () => server.stop() }
})
export type ProbotApi = { port(): number; handled(): number }
