import { describe, expect, test } from 'vitest'
import { Lifecycle } from '../../src/runtime/lifecycle.ts'
import { createLogger } from '../../src/runtime/logger.ts'

const logger = createLogger('silent')

describe('stopping', () => {
  test('goes backwards, one after another, and happens once', async () => {
    const events: string[] = []
    const lifecycle = new Lifecycle(logger)
    for (const name of ['database', 'queue', 'api']) {
      const service = {
        name,
        async stop() {
          events.push(`${name} stops`)
          await new Promise((resolve) => setImmediate(resolve))
          events.push(`${name} stopped`)
        },
      }
      expect(lifecycle.add(service)).toBe(service)
    }
    await Promise.all([lifecycle.stop(), lifecycle.stop()])
    await lifecycle.stop()
    expect(events).toEqual(
      ['api', 'queue', 'database'].flatMap((name) => [`${name} stops`, `${name} stopped`]),
    )
  })

  test('goes on when a service fails to stop, and says which', async () => {
    const stopped: string[] = []
    const lines: string[] = []
    const lifecycle = new Lifecycle(createLogger('error', { write: (line) => void lines.push(line) }))
    lifecycle.add({ name: 'first', stop: async () => void stopped.push('first') })
    lifecycle.add({ name: 'broken', stop: () => Promise.reject(new Error('no')) })
    await lifecycle.stop()
    expect(stopped).toEqual(['first'])
    expect(lines.join()).toContain('"service":"broken"')
  })
})

test('a logger never writes a secret, at any depth that we log', () => {
  const lines: string[] = []
  const log = createLogger('info', { write: (line) => void lines.push(line) })
  const secret = 'do-not-show'
  log.info(
    { token: secret, job: { apiKey: secret }, a: { b: { password: secret } }, visible: 'yes' },
    'hello',
  )
  expect(lines.join()).not.toContain(secret)
  expect(lines.join()).toContain('yes')
})
