import { request } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Problem } from '../../src/protocol/problem.ts'
import { begin, type Story } from '../harness/story.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World
let story: Story

beforeAll(async () => {
  world = await createWorld()
  story = await begin(world, 'ada')
})
afterAll(() => world.stop())

const usage = { tokens: { input: 100, output: 20, cacheRead: 0, cacheWrite: 0 } }

interface Call {
  task?: number | string
  token?: string | null
  headers?: Record<string, string>
}

async function call(action: 'progress' | 'complete', body: unknown, options: Call = {}) {
  const { task = story.assignment.task.id, token = story.assignment.session.token } = options
  const response = await fetch(`${world.server.url}/api/v1/tasks/${task}/${action}`, {
    method: 'POST',
    body: typeof body === 'string' || body instanceof Buffer ? body : JSON.stringify(body),
    headers: {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...options.headers,
    },
  })
  return read(response)
}

/** Reads an answer; every error is a problem document with the id of its request. */
async function read(response: Response) {
  const body = (await response.json()) as Record<string, unknown>
  if (!response.ok) {
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    const problem = Problem.parse(body)
    expect(problem).toMatchObject({
      type: `urn:mission-control:problem:${problem.code}`,
      status: response.status,
      requestId: response.headers.get('x-request-id'),
      fix: expect.stringMatching(/\S/),
    })
  }
  return { status: response.status, body }
}

describe('a call is refused with a problem document when', () => {
  const cases: [string, unknown, Call, object][] = [
    ['it has no token', {}, { token: null }, { status: 401, code: 'unauthorized' }],
    ['its token is none', {}, { token: 'secret' }, { status: 401, code: 'unauthorized' }],
    ['its token is forged', {}, { token: `mcs_1_${'A'.repeat(43)}` }, { status: 401, code: 'unauthorized' }],
    [
      'its token is of nobody',
      {},
      { token: `mcs_999999_${'A'.repeat(43)}` },
      { status: 401, code: 'unauthorized' },
    ],
    ['it is about another task', {}, { task: 999 }, { status: 404, code: 'not_found' }],
    ['its task is no number', {}, { task: "1'--" }, { status: 404, code: 'not_found' }],
    ['its address is broken', {}, { task: '%E0%A4%A' }, { status: 400, code: 'invalid_request' }],
    [
      'it is not JSON',
      '{"percent":',
      {},
      { status: 400, code: 'invalid_request', detail: 'The body is not JSON.' },
    ],
    ['it is a list', '[]', {}, { status: 400, code: 'invalid_request' }],
    ['it is a bare word', '"half"', {}, { status: 400, code: 'invalid_request' }],
    [
      'it is a form',
      'percent=5',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      { status: 415, code: 'unsupported_media_type' },
    ],
    [
      'it is text',
      '{}',
      { headers: { 'content-type': 'text/plain' } },
      { status: 415, code: 'unsupported_media_type' },
    ],
    [
      'its encoding is unknown',
      '{}',
      { headers: { 'content-encoding': 'zip' } },
      { status: 415, code: 'unsupported_media_type' },
    ],
    [
      'it is not compressed as it says',
      '{}',
      { headers: { 'content-encoding': 'gzip' } },
      { status: 400, code: 'invalid_request' },
    ],
    [
      'a field is not known',
      { percent: 5, persent: 5 },
      {},
      { status: 400, code: 'unknown_field', detail: expect.stringContaining('"persent"') },
    ],
    [
      'a field inside is not known',
      { tokens: { ...usage.tokens, total: 5 } },
      {},
      { status: 400, code: 'unknown_field', detail: expect.stringMatching(/^tokens: .*"total"/) },
    ],
    [
      'a field has a wrong value',
      { percent: 101 },
      {},
      { status: 400, code: 'invalid_request', detail: expect.stringMatching(/^percent: /) },
    ],
    [
      'a number is no integer',
      { tokens: { ...usage.tokens, input: 1.5 } },
      {},
      { status: 400, code: 'invalid_request', detail: expect.stringMatching(/^tokens\.input: /) },
    ],
    [
      'a number is negative',
      { costUsd: -1 },
      {},
      { status: 400, code: 'invalid_request', detail: expect.stringMatching(/^costUsd: /) },
    ],
  ]
  test.each(cases)('%s', async (_what, body, options, { status, ...problem }: { status?: number }) => {
    const answer = await call('progress', body, options)
    expect(answer).toMatchObject({ status, body: problem })
    expect(JSON.stringify(answer.body)).not.toMatch(/mcs_|at .*\.ts:/)
  })

  test('it has more than 1 MB: said so, streamed, or packed', async () => {
    const large = JSON.stringify({ message: 'x'.repeat(1_100_000) })
    const expected = {
      status: 413,
      body: { code: 'payload_too_large', detail: 'The body has more than 1 MB.' },
    }
    expect(await call('progress', large)).toMatchObject(expected)
    const bomb = gzipSync(JSON.stringify({ message: 'x'.repeat(50_000_000) }))
    expect(await call('progress', bomb, { headers: { 'content-encoding': 'gzip' } })).toMatchObject(expected)
    const streamed = await new Promise<number | undefined>((resolve, reject) => {
      const { port } = new URL(world.server.url)
      const path = `/api/v1/tasks/${story.assignment.task.id}/progress`
      const headers = {
        'content-type': 'application/json',
        authorization: `Bearer ${story.assignment.session.token}`,
      }
      const sending = request({ port, host: '127.0.0.1', path, method: 'POST', headers }, (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode))
      })
      sending.on('error', reject)
      for (let index = 0; index < 40; index += 1) sending.write(Buffer.alloc(64 * 1024, ' '))
      sending.end()
    })
    expect(streamed).toBe(413)
  })

  test.each([
    ['GET', '/api/v1/nothing'],
    ['GET', '/api/v1/tasks/1/progress'],
    ['POST', '/'],
    ['GET', '/.env'],
    ['GET', '/api/v1/tasks/../../etc/passwd'],
    ['GET', '/git'],
  ])('there is nothing at %s %s', async (method, path) => {
    expect(await read(await fetch(world.server.url + path, { method }))).toMatchObject({
      status: 404,
      body: { code: 'not_found', detail: expect.stringContaining(`There is nothing at ${method} /`) },
    })
  })

  test('its session has ended, or its body differs from how it was completed', async () => {
    const ended = await begin(world, 'bob')
    const options = { task: ended.assignment.task.id, token: ended.assignment.session.token }
    const report = { outcome: 'result', summary: 'Found it.', usage }
    const first = await call('complete', report, options)
    expect(first).toMatchObject({ status: 200, body: { sessionStatus: 'completed', taskStatus: 'review' } })
    expect(await call('complete', report, options)).toEqual(first)
    // the order of the fields does not make another report
    const { summary, ...rest } = report
    expect(await call('complete', { summary, ...rest }, options)).toEqual(first)
    const gone = { status: 410, body: { code: 'session_ended' } }
    expect(await call('complete', { ...report, summary: 'Something else.' }, options)).toMatchObject(gone)
    expect(await call('progress', { percent: 5 }, options)).toMatchObject(gone)
    expect(await world.task(ended.number)).toMatchObject({ result: 'Found it.', tokensUsed: 120 })
  })

  test('its token is of another session', async () => {
    const other = await begin(world, 'cleo')
    const { token } = other.assignment.session
    expect(await call('complete', { outcome: 'failed', summary: 'x', usage }, { token })).toMatchObject({
      status: 404,
      body: { code: 'not_found', detail: 'This session has no such task.' },
    })
    expect((await world.sessions(story.number)).at(-1)).toMatchObject({ status: 'running' })
  })
})

test('a body that breaks off hurts nobody, and what is no HTTP is told so', async () => {
  const { port } = new URL(world.server.url)
  const socket = connect(Number(port), '127.0.0.1')
  const path = `/api/v1/tasks/${story.assignment.task.id}/progress`
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"per`,
  )
  await new Promise((resolve) => socket.write('cent', resolve))
  socket.resetAndDestroy()
  const stranger = connect(Number(port), '127.0.0.1')
  stranger.write('\x16\x03\x01\x02\x00 this is TLS\r\n\r\n')
  const answer = await new Promise<string>((resolve) =>
    stranger.once('data', (data) => resolve(data.toString())),
  )
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  stranger.destroy()
  expect(await call('progress', { percent: 10 })).toMatchObject({ status: 200, body: { stop: null } })
})

test('texts of any kind are kept as far as they can be shown', async () => {
  const message = 'NUL \u0000, half \ud800 a pair, RTL \u202e, 日本語, </table> | `x` @maya'
  expect(await call('progress', { message, model: 'm\u0000odel' })).toMatchObject({ status: 200 })
  const session = (await world.sessions(story.number)).at(-1)
  expect(session?.message).toBe('NUL , half \ufffd a pair, RTL \u202e, 日本語, </table> | `x` @maya')
  expect(session?.model).toBe('model')
})
