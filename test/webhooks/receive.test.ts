import { randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/db/pool.ts'
import { createTestDatabase, type TestDatabase } from '../harness/database.ts'
import { type Door, headersOf, openDoor, PATH, PREVIOUS, sign } from './door.ts'

const SMALL = 64 * 1024

let database: TestDatabase
let door: Door
let impatient: Door

beforeAll(async () => {
  database = await createTestDatabase()
  const { pool } = database
  door = await openDoor({ pool, maxBytes: SMALL, lingerMs: 300 })
  impatient = await openDoor({ pool, maxBytes: SMALL, bodyMs: 60, lingerMs: 60 })
})

afterAll(async () => {
  await door.close()
  await impatient.close()
  await database.drop()
})

const stored = async (id: string) =>
  (await database.pool.query('select event, payload, state from webhook_deliveries where id = $1', [id])).rows
const count = async () =>
  Number((await database.pool.query('select count(*) from webhook_deliveries')).rows[0].count)

/** The request as bytes, up to the end of its headers. */
function head(headers: Record<string, string>, method = 'POST'): string {
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}`)
  return `${[`${method} ${PATH} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`
}

describe('a delivery is stored as it came and answered with 202, when it', () => {
  test('is signed with the current secret', async () => {
    const id = randomUUID()
    const body = ' {"zen": "ünïcode", "a":1}\n'
    expect(await door.post(body, { ...headersOf(body, 'ping', id) })).toEqual({
      status: 202,
      body: { accepted: true },
    })
    expect(await stored(id)).toEqual([{ event: 'ping', payload: Buffer.from(body), state: 'received' }])
  })

  test('is signed with the secret before the rotation', async () => {
    const body = '{"old":true}'
    expect(await door.post(body, { 'x-hub-signature-256': sign(body, PREVIOUS) })).toMatchObject({
      status: 202,
    })
  })

  test('is exactly as large as is allowed', async () => {
    const body = 'x'.repeat(SMALL)
    expect((await door.post(body)).status).toBe(202)
  })

  test('is signed, but no JSON at all: what it holds is the worker’s business', async () => {
    expect((await door.post('{"cut off')).status).toBe(202)
  })

  test('comes twice, of which one is kept', async () => {
    const body = '{"twice":true}'
    const headers = headersOf(body, 'push')
    const answers = await Promise.all([1, 2, 3].map(() => door.post(body, headers)))
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202])
    expect(await stored(headers['x-github-delivery'])).toHaveLength(1)
  })

  test('has its GUID in capitals, which is the same GUID', async () => {
    const body = '{}'
    const id = randomUUID()
    await door.post(body, headersOf(body, 'ping', id))
    await door.post(body, headersOf(body, 'ping', id.toUpperCase()))
    expect(await stored(id)).toHaveLength(1)
  })

  test('is one of 200 at once', async () => {
    const before = await count()
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        door.post(JSON.stringify({ index, padding: 'x'.repeat(index * 20) })),
      ),
    )
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([202]))
    expect(await count()).toBe(before + 200)
  })
})

describe('a delivery is refused with the reason, and nothing is stored, when it', () => {
  const body = '{"a":1}'
  const cases: [string, Record<string, string | null>, number, RegExp][] = [
    ['is not signed', { 'x-hub-signature-256': null }, 401, /X-Hub-Signature-256 is missing or wrong/],
    ['has a wrong signature', { 'x-hub-signature-256': sign('{"a":2}') }, 401, /missing or wrong/],
    ['is signed by another secret', { 'x-hub-signature-256': sign(body, 'nobody knows it') }, 401, /wrong/],
    ['has half a signature', { 'x-hub-signature-256': sign(body).slice(0, 40) }, 401, /wrong/],
    ['has a signature that is none', { 'x-hub-signature-256': 'sha256=' }, 401, /wrong/],
    ['is signed the old way only', { 'x-hub-signature-256': null, 'x-hub-signature': 'sha1=0' }, 401, /256/],
    ['is a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415, /application\/json/],
    ['is plain text', { 'content-type': 'text/plain' }, 415, /application\/json/],
    ['has no GUID', { 'x-github-delivery': null }, 400, /X-GitHub-Delivery/],
    ['has a GUID that is none', { 'x-github-delivery': `${randomUUID()}'; drop` }, 400, /X-GitHub-Delivery/],
    ['has no event', { 'x-github-event': null }, 400, /X-GitHub-Event/],
    ['has an event that is none', { 'x-github-event': 'Issues; rm' }, 400, /X-GitHub-Event/],
    ['has two events', { 'x-github-event': 'issues, push' }, 400, /X-GitHub-Event/],
  ]
  test.each(cases)('%s', async (_what, headers, status, error) => {
    const before = await count()
    const answer = await door.post(body, headers)
    expect(answer.status).toBe(status)
    expect(answer.body.error).toMatch(error)
    expect(await count()).toBe(before)
  })

  test('is compressed', async () => {
    const zipped = gzipSync(body)
    const headers = { ...headersOf(zipped), 'content-encoding': 'gzip' }
    expect(await door.post(zipped, headers)).toMatchObject({
      status: 415,
      body: { error: /Encoded/ as never },
    })
  })

  test.each(['GET', 'PUT', 'DELETE'])('comes by %s', async (method) => {
    const response = await fetch(door.url, { method, headers: headersOf('') })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
    expect(await response.json()).toEqual({ error: 'Webhooks are sent with POST.' })
  })

  test('says that it is too large', async () => {
    const client = door.raw()
    await client.write(head({ ...headersOf(''), 'content-length': String(SMALL + 1) }))
    const answer = await client.ended
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toContain(`"error":"A webhook's body has at most ${SMALL} bytes."`)
  })

  test('has a length that is no number', async () => {
    const client = door.raw()
    await client.write(head({ ...headersOf(''), 'content-length': 'many' }))
    expect(await client.ended).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('turns out to be too large while it streams, and the client that goes on sending still reads why', async () => {
    const client = door.raw()
    await client.write(head({ ...headersOf(''), 'transfer-encoding': 'chunked' }))
    const chunk = Buffer.alloc(16 * 1024, 'x')
    for (let sent = 0; sent < 4 * 1024 * 1024 && !client.socket.destroyed; sent += chunk.length) {
      await client.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`)
    }
    client.socket.end()
    const answer = await client.ended
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toContain('connection: close')
    expect(answer).toContain("A webhook's body has at most")
  })

  test('is far too large, sent by an ordinary client', async () => {
    const large = 'x'.repeat(8 * 1024 * 1024)
    expect(await door.post(large)).toMatchObject({ status: 413 })
  })

  test('streams without end: the connection is cut after the answer', async () => {
    const client = impatient.raw()
    await client.write(head({ ...headersOf(''), 'transfer-encoding': 'chunked' }))
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    while (!client.socket.destroyed) {
      await client.write(chunk)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await client.ended).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('is longer than its header says: the signature is over more than what its header announced', async () => {
    const client = door.raw()
    const headers = { ...headersOf(body), 'content-length': String(body.length - 2) }
    await client.write(head(headers) + body)
    client.socket.end()
    // what is left over is taken for the next request, which is none
    expect(await client.ended).toMatch(/^HTTP\/1\.1 40[01] /)
    expect(await stored(headers['x-github-delivery'])).toEqual([])
  })

  test('is shorter than its header says: the sender is gone, nothing is stored', async () => {
    const before = await count()
    const client = door.raw()
    await client.write(head({ ...headersOf(body), 'content-length': String(body.length + 10) }) + body)
    client.socket.end()
    await client.ended
    expect(await count()).toBe(before)
    expect((await door.post(body)).status).toBe(202)
  })

  test('comes too slowly', async () => {
    const client = impatient.raw()
    await client.write(`${head({ ...headersOf(body), 'content-length': String(body.length) })}{`)
    const answer = await client.ended
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toContain('The body came too slowly.')
  })

  test('cannot be stored: 503, so that GitHub shows it as failed and it is delivered again', async () => {
    const gone = await createTestDatabase()
    const { pool, close } = openDatabase(gone.url, { max: 2 })
    const homeless = await openDoor({ pool })
    try {
      expect((await homeless.post(body)).status).toBe(202)
      await gone.drop()
      const answers = await Promise.all([1, 2, 3].map(() => homeless.post(body)))
      for (const answer of answers)
        expect(answer).toEqual({
          status: 503,
          body: { error: 'The delivery could not be stored; deliver it again.' },
        })
    } finally {
      await homeless.close()
      await close()
    }
  })
})

test('a server without a webhook secret does not open the door', () => {
  return expect(openDoor({ pool: database.pool, secrets: [] })).rejects.toThrow('a webhook secret is needed')
})
