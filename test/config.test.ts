import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig, SETTINGS } from '../src/config.ts'

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
})
const ellipticKey = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey

const env = {
  APP_ID: '12345',
  PRIVATE_KEY: privateKey,
  WEBHOOK_SECRET: 'a secret of at least 16 characters',
  HOME: '/home/op',
}

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mc-config-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

function problems(changes: Record<string, string | undefined>) {
  const read = readConfig({ ...env, ...changes })
  return read.ok ? [] : read.problems
}

/** Values that each setting refuses; a new setting without an entry does not compile. */
const wrong: Record<keyof typeof SETTINGS, string[]> = {
  HOST: [],
  PORT: ['-1', '65536', '80a', '0x50', '1e3', ' 80', '3000.5'],
  PUBLIC_URL: [
    'mission.example',
    'ftp://mission.example',
    'https://u:hunter2-secret@x',
    'https://x/?a=1',
    'https://x/#a',
  ],
  DATABASE_URL: ['mysql://x/y', 'localhost:5432', '/var/run/postgresql', 'hunter2-secret'],
  DATABASE_URL_DIRECT: ['https://x/y', 'hunter2-secret'],
  MISSION_CONTROL_DATA_DIR: [],
  MISSION_CONTROL_KEY: ['hunter2-secret'],
  APP_ID: ['0', '-5', 'my-app', '1.5', '12345678901234567'],
  PRIVATE_KEY: [
    'hunter2-secret',
    '-----BEGIN RSA PRIVATE KEY-----\nhunter2-secret\n-----END RSA PRIVATE KEY-----',
    privateKey.slice(0, 300),
    ellipticKey,
  ],
  PRIVATE_KEY_PATH: ['/nonexistent/key.pem', '/tmp', '/dev/null'],
  WEBHOOK_SECRET: ['hunter2-secret'],
  WEBHOOK_SECRET_PREVIOUS: ['hunter2-secret'],
  GITHUB_API_URL: ['api.github.com', 'git://github.com', 'https://token@github.example'],
  GITHUB_SERVER_URL: ['github.com', 'ssh://git@github.com'],
  LOG_LEVEL: ['loud', 'INFO', '30'],
}

describe('a wrong variable is named with what is expected, and its value is not repeated', () => {
  const cases = Object.entries(wrong).flatMap(([name, values]) =>
    values.map((value) => [name, value] as const),
  )
  test.each(cases)('%s=%j', (name, value) => {
    const found = problems({ [name]: value })
    const { expected } = SETTINGS[name as keyof typeof SETTINGS]
    expect(found).toEqual([{ name, problem: 'is wrong', expected }])
    expect(JSON.stringify(found)).not.toContain('hunter2')
  })
})

describe('a missing variable is named', () => {
  test.each(['APP_ID', 'WEBHOOK_SECRET', 'PRIVATE_KEY'])('%s', (name) => {
    expect(problems({ [name]: undefined })).toMatchObject([{ name, problem: 'is missing' }])
    // as a shell or a compose file passes on what it does not have
    expect(problems({ [name]: '' })).toMatchObject([{ name, problem: 'is missing' }])
  })
})

test('all mistakes are told at once', () => {
  const names = problems({ APP_ID: undefined, PORT: 'x', PRIVATE_KEY: undefined, LOG_LEVEL: 'y' }).map(
    ({ name }) => name,
  )
  expect(names.toSorted()).toEqual(['APP_ID', 'LOG_LEVEL', 'PORT', 'PRIVATE_KEY'])
})

describe('what is right is taken', () => {
  test('with defaults for the rest', () => {
    expect(readConfig(env)).toMatchObject({
      ok: true,
      config: {
        host: '127.0.0.1',
        port: 3000,
        publicUrl: null,
        databaseUrl: null,
        serverKey: null,
        logLevel: 'info',
        github: {
          appId: 12_345,
          privateKey,
          webhookSecrets: [env.WEBHOOK_SECRET],
          apiUrl: 'https://api.github.com',
          url: 'https://github.com',
        },
      },
    })
  })

  test('addresses without the slash at their end, the secret before the rotation second', () => {
    const read = readConfig({
      ...env,
      PORT: '0',
      PUBLIC_URL: 'https://mission.example/base/',
      WEBHOOK_SECRET_PREVIOUS: 'the one before the rotation',
      GITHUB_API_URL: 'https://ghe.example/api/v3/',
      DATABASE_URL: 'postgresql://u:p@db:5432/mc',
    })
    expect(read).toMatchObject({
      ok: true,
      config: {
        port: 0,
        publicUrl: 'https://mission.example/base',
        databaseUrl: 'postgresql://u:p@db:5432/mc',
        github: {
          apiUrl: 'https://ghe.example/api/v3',
          webhookSecrets: [env.WEBHOOK_SECRET, 'the one before the rotation'],
        },
      },
    })
  })

  test('the private key in one line, or in a file', async () => {
    const oneLine = readConfig({ ...env, PRIVATE_KEY: privateKey.replaceAll('\n', '\\n') })
    expect(oneLine).toMatchObject({ ok: true, config: { github: { privateKey } } })
    const path = join(directory, 'key.pem')
    await writeFile(path, privateKey)
    const fromFile = readConfig({ ...env, PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: path })
    expect(fromFile).toMatchObject({ ok: true, config: { github: { privateKey } } })
  })
})
