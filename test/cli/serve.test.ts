import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../harness/database.ts'
import { missionControl } from './run.ts'

const SECRET = 'hunter2-hunter2-hunter2'
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
})

let directory: string
let database: TestDatabase
const taken = createServer()
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mc-serve-'))
  database = await createTestDatabase()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()))
})
afterAll(async () => {
  taken.close()
  await database.drop()
  await rm(directory, { recursive: true, force: true })
})

const serve = (env: Record<string, string>) =>
  missionControl(['serve'], {
    APP_ID: '1',
    PRIVATE_KEY: privateKey,
    WEBHOOK_SECRET: SECRET,
    PORT: '0',
    LOG_LEVEL: 'silent',
    MISSION_CONTROL_DATA_DIR: directory,
    DATABASE_URL: database.url,
    ...env,
  })

describe.concurrent('the server is not started, and says which variable is to blame, when', () => {
  test('nothing is set', async () => {
    const { status, stderr } = await missionControl(['serve'])
    expect(status).toBe(78)
    expect(stderr).toMatch(/^APP_ID is missing: expected the GitHub App's numeric id$/m)
    expect(stderr).toMatch(/^WEBHOOK_SECRET is missing: /m)
    expect(stderr).toMatch(/^PRIVATE_KEY is missing: /m)
    expect(stderr).toContain('`npm run demo` needs none of these')
  })

  test('several are wrong, and no secret is repeated', async () => {
    const { status, stdout, stderr } = await serve({
      PORT: 'http',
      PRIVATE_KEY: `${SECRET} PRIVATE KEY`,
      MISSION_CONTROL_KEY: SECRET,
      DATABASE_URL: `mysql://u:${SECRET}@db/x`,
      LOG_LEVEL: 'loud',
    })
    expect(status).toBe(78)
    for (const name of ['PORT', 'PRIVATE_KEY', 'MISSION_CONTROL_KEY', 'DATABASE_URL', 'LOG_LEVEL'])
      expect(stderr).toMatch(new RegExp(`^${name} is wrong: expected \\S`, 'm'))
    expect(stdout + stderr).not.toContain('hunter2')
  })

  test('the database does not answer, or does not let it in', async () => {
    const nowhere = new URL(database.url)
    nowhere.port = '1'
    nowhere.password = SECRET
    const missing = new URL(database.url)
    missing.pathname = '/no_such_database'
    const [refused, unknown] = await Promise.all([
      serve({ DATABASE_URL: nowhere.href }),
      serve({ DATABASE_URL: missing.href }),
    ])
    expect(refused).toMatchObject({ status: 1, stdout: '' })
    expect(refused.stderr).toMatch(/ECONNREFUSED.*\n.*DATABASE_URL/)
    expect(unknown.stderr).toMatch(/no_such_database.*\n.*DATABASE_URL names does not exist/)
    expect(refused.stderr + unknown.stderr).not.toMatch(/hunter2| at .*\.ts:/)
  })

  test('its port is taken', async () => {
    const { port } = taken.address() as AddressInfo
    const { status, stderr } = await serve({ PORT: String(port) })
    expect(status).toBe(1)
    expect(stderr).toMatch(/EADDRINUSE.*\n.*set HOST and PORT to a free address/)
    expect(stderr).not.toMatch(/ at .*\.ts:/)
  })
})

describe.concurrent('the runner is not started, and says what is to blame, when', () => {
  test('nothing is set', async () => {
    const { status, stderr } = await missionControl(['agent'])
    expect(status).toBe(78)
    for (const name of ['MISSION_CONTROL_URL', 'MISSION_CONTROL_AGENT_KEY', 'MISSION_CONTROL_AGENT_COMMAND'])
      expect(stderr).toMatch(new RegExp(`${name}.*: expected `))
  })

  test('the log level is none', async () => {
    const { status, stderr } = await missionControl(['agent'], { LOG_LEVEL: 'loud' })
    expect({ status, stderr }).toEqual({
      status: 78,
      stderr: 'LOG_LEVEL is wrong: expected fatal, error, warn, info, debug, trace or silent\n',
    })
  })
})
