import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FLUSH, pktLine } from '../../src/git/pkt-line.ts'
import { BRANCH, commit, type Stage, startStage, TOKEN } from '../git/harness/gateway.ts'
import { git, tryGit } from '../git/harness/git-client.ts'

let stage: Stage
const start = async (...limits: Parameters<typeof startStage>) => {
  stage = await startStage(...limits)
}
beforeEach(() => start())
afterEach(() => stage.stop())

const auth = { authorization: `Basic ${Buffer.from(`x:${TOKEN}`).toString('base64')}` }
const type = { 'content-type': 'application/x-git-receive-pack-request' }
const post = (body: Buffer, headers: Record<string, string> = {}) =>
  fetch(`${stage.base}/git/acme/app.git/git-receive-pack`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { ...auth, ...type, ...headers },
  })
const quarantines = async () => {
  const found = await readdir(stage.mirrors.root, { recursive: true })
  return found.filter((name) => /quarantine\/[^/]+$/.test(name))
}
const A = 'a'.repeat(40)
const ZERO = '0'.repeat(40)

describe('pushes at the same time', () => {
  test('to one branch: one is published, the other is told to fetch first', async () => {
    const one = await stage.clone('one')
    const two = await stage.clone('two')
    const shas = [await commit(one, 'one', { a: '1' }), await commit(two, 'two', { a: '2' })]
    // Both are read and checked before the first one is published.
    const pushes = [one, two].map((path) => tryGit(path, ['push', 'origin', BRANCH]))
    const done = await Promise.all(pushes)
    expect(done.map(({ code }) => code).sort()).toEqual([0, 1])
    expect(done.find(({ code }) => code === 1)?.stderr).toContain('(fetch first)')
    expect(await stage.host.head(BRANCH)).toBe(shas[done.findIndex(({ code }) => code === 0)])
    expect(stage.port.outcomes).toHaveLength(1)
  })

  test('to one branch: the second is refused when the first takes too long', async () => {
    await stage.stop()
    await start({ queueMs: 50 })
    const one = await stage.clone('one')
    const two = await stage.clone('two')
    await commit(one, 'one', { a: '1' })
    await commit(two, 'two', { a: '2' })
    const first = Promise.withResolvers<void>()
    const entered = Promise.withResolvers<void>()
    stage.port.onBegin = () => {
      entered.resolve()
      return first.promise
    }
    const slow = tryGit(one, ['push', 'origin', BRANCH])
    await entered.promise
    expect((await tryGit(two, ['push', 'origin', BRANCH])).stderr).toContain(
      'another push to this branch is under way',
    )
    first.resolve()
    expect(await slow).toMatchObject({ code: 0 })
  })
})

test('nothing is published or left behind when the client is killed in the middle of an upload', async () => {
  const socket = connect(Number(new URL(stage.base).port), '127.0.0.1')
  const head = Buffer.concat([
    pktLine(`${ZERO} ${A} refs/heads/${BRANCH}\0report-status side-band-64k`),
    FLUSH,
  ])
  const lines = [
    'POST /git/acme/app.git/git-receive-pack HTTP/1.1',
    'host: x',
    `authorization: ${auth.authorization}`,
    `content-type: ${type['content-type']}`,
    `content-length: ${10_000_000}`,
  ]
  await stage.mirrors.mirror(1).fetch(stage.host.remote())
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  socket.write(head)
  socket.write(Buffer.concat([Buffer.from('PACK'), randomBytes(100_000)]))
  await vi.waitFor(async () => expect(await quarantines()).toHaveLength(1), 10_000)
  socket.destroy()
  await vi.waitFor(async () => expect(await quarantines()).toEqual([]), 10_000)
  expect(stage.port.intents).toEqual([])
  expect(stage.logs.filter(({ level }) => level === 'error')).toEqual([])
})

test('git ends when the client of a fetch goes away', async () => {
  const path = join(stage.work, 'person')
  await git(stage.work, 'clone', '-q', stage.host.repository(), path)
  await commit(path, 'large', { big: randomBytes(20_000_000) })
  await git(path, 'push', '-q', 'origin', 'main')
  const child = spawn('git', ['clone', '-q', stage.url, join(stage.work, 'copy')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  await vi.waitFor(async () => expect(await uploads()).not.toEqual([]), { timeout: 10_000, interval: 5 })
  child.kill('SIGKILL')
  await ended
  await vi.waitFor(async () => expect(await uploads()).toEqual([]), 10_000)
})

/** The processes that serve a fetch from this stage's mirrors. */
async function uploads(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.includes('upload-pack') && line.includes(stage.mirrors.root))
}

test('a push of 20 MB is published in bounded memory', async () => {
  const path = await stage.clone()
  const sha = await commit(path, 'large', { big: randomBytes(20_000_000) })
  const before = process.memoryUsage().rss
  let peak = before
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 5)
  expect(await tryGit(path, ['push', 'origin', BRANCH])).toMatchObject({ code: 0 })
  clearInterval(timer)
  expect(await stage.host.head(BRANCH)).toBe(sha)
  expect((peak - before) / 1e6).toBeLessThan(150)
})

test('a push works when the client waits for 100 Continue', async () => {
  const path = await stage.clone()
  const sha = await commit(path, 'one', { a: randomBytes(3_000_000) })
  const pushed = await tryGit(
    path,
    ['-c', 'http.expectContinue=true', '-c', 'http.postBuffer=1000000', 'push', 'origin', BRANCH],
    {
      GIT_CURL_VERBOSE: '1',
    },
  )
  expect(pushed.code).toBe(0)
  expect(await stage.host.head(BRANCH)).toBe(sha)
})

test('no token is in the arguments of any process while a push is published', async () => {
  const path = await stage.clone()
  await commit(path, 'one', { a: '1' })
  const seen = new Set<string>()
  const look = async () => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
    for (const pid of pids) seen.add(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
  }
  stage.host.intercept = (req, res) => {
    if (!req.url?.includes('git-receive-pack') || req.method !== 'POST') return false
    // The push stands here, with all of its processes, until they have been looked at.
    void look().then(() => res.writeHead(503).end())
    return true
  }
  await tryGit(path, ['push', 'origin', BRANCH])
  const lines = [...seen]
  expect(lines.some((line) => line.includes('--force-with-lease'))).toBe(true)
  expect(lines.filter((line) => line.includes(stage.host.token))).toEqual([])
})

describe('bytes that are not git', () => {
  test('never get an answer of success, and never end the server', async () => {
    const command = pktLine(`${ZERO} ${A} refs/heads/${BRANCH}\0report-status`)
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.string().map((text) => pktLine(`${text}x`)),
      fc.constantFrom(command, FLUSH, Buffer.from('PACK\0\0\0\x02\0\0\0\x01'), pktLine(`shallow ${A}`)),
    )
    const bodies = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => Buffer.concat(pieces))
    await fc.assert(
      fc.asyncProperty(bodies, fc.boolean(), async (body, zip) => {
        const response = await post(zip ? gzipSync(body) : body, zip ? { 'content-encoding': 'gzip' } : {})
        expect([200, 400]).toContain(response.status)
        expect(await response.text()).not.toContain('ok refs')
      }),
      { numRuns: 60 },
    )
    expect(await quarantines()).toEqual([])
    expect(stage.port.intents).toEqual([])
    expect(stage.logs.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('are refused when they are no gzip, an unknown encoding or an unknown type', async () => {
    expect((await post(Buffer.from('x'), { 'content-encoding': 'br' })).status).toBe(415)
    expect((await post(FLUSH, { 'content-type': 'text/plain' })).status).toBe(415)
    const broken = await post(Buffer.from('no gzip'), { 'content-encoding': 'gzip' }).then(
      (r) => r.status,
      () => 'closed',
    )
    expect([400, 'closed']).toContain(broken)
    expect((await post(FLUSH)).status).toBe(200)
  })

  test('are cut off when a small gzip unpacks to a large body', async () => {
    await stage.stop()
    await start({ swallowBytes: 1_000_000, fetchRequestBytes: 1_000_000 })
    const head = Buffer.concat([pktLine(`${ZERO} ${A} refs/heads/other\0report-status`), FLUSH])
    const bomb = gzipSync(Buffer.concat([head, Buffer.alloc(50_000_000)]))
    const status = await post(bomb, { 'content-encoding': 'gzip' }).then(
      (response) => response.status,
      () => 'closed',
    )
    expect([413, 'closed']).toContain(status)
    expect(await quarantines()).toEqual([])
  })

  test('are cut off when they come too slowly', async () => {
    await stage.stop()
    await start({ idleMs: 200 })
    const socket = connect(Number(new URL(stage.base).port), '127.0.0.1')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined)
    socket.write(
      `POST /git/acme/app.git/git-receive-pack HTTP/1.1\r\nhost: x\r\nauthorization: ${auth.authorization}\r\n`,
    )
    socket.write(`content-type: ${type['content-type']}\r\ncontent-length: 100\r\n\r\n00`)
    await closed
  })
})

test('a failure of ours reaches the client as a refusal, and the log', async () => {
  const path = await stage.clone()
  await commit(path, 'one', { a: '1' })
  stage.port.onBegin = () => Promise.reject(new Error('the database is away'))
  const pushed = await tryGit(path, ['push', 'origin', BRANCH])
  expect(pushed.stderr).toContain('remote: Mission Control: something went wrong here')
  expect(pushed.stderr).toContain('(internal error)')
  expect(stage.logs).toMatchObject([{ level: 'error', message: 'a push could not be decided on' }])
})

test('git says that GitHub cannot be read when the mirror cannot be brought up to date', async () => {
  stage.host.intercept = (_req, res) => {
    res.writeHead(503).end()
    return true
  }
  expect((await tryGit(stage.work, ['ls-remote', stage.url])).stderr).toContain(
    'remote: Mission Control: GitHub could not be read (unreachable).',
  )
})
