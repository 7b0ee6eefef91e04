import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BareDoorApi } from '../../bench/stage/bare-door-process.ts'
import { type Remote, startChild } from '../../bench/stage/child.ts'
import type { LoadApi } from '../../bench/stage/load-process.ts'
import { labelledPayload } from '../../bench/stage/payload.ts'
import type { ProbotApi } from '../../bench/stage/probot-process.ts'

const stack = new AsyncDisposableStack()
const script = (name: string): URL => new URL(`../../bench/stage/${name}`, import.meta.url)

let load: Remote<LoadApi>
let bare: Remote<BareDoorApi>
let port: number

beforeAll(async () => {
  load = await startChild<LoadApi>(stack, script('load-process.ts'), {})
  bare = await startChild<BareDoorApi>(stack, script('bare-door-process.ts'), { secret: 'right' })
  port = await bare.port()
})
afterAll(() => stack.disposeAsync())

const shot = { secret: 'right', event: 'issues', body: Buffer.from('{"action":"labeled"}') }
const briefly = { connections: 3, warmUpMs: 20, ms: 100, keepIds: true }

test('what was accepted is counted, each with an id of its own, when a server is loaded', async () => {
  const found = await load.closedLoop({ ...shot, port }, briefly)
  expect(found).toMatchObject({ refused: 0, elapsedMs: 100 })
  // how many come within the measured time is the machine's affair
  expect(found.ids.length).toBeGreaterThan(0)
  expect(new Set(found.ids).size).toBeGreaterThanOrEqual(found.accepted)
})

test('nothing counts as accepted when the signature is wrong', async () => {
  const found = await load.closedLoop(
    { ...shot, secret: 'wrong', port },
    { ...briefly, warmUpMs: 0, ms: 1_000 },
  )
  expect(found).toMatchObject({ accepted: 0, ids: [] })
  expect(found.refused).toBeGreaterThan(0)
})

test('the load ends, and says that it was cut off, when the server goes', async () => {
  let taken = 0
  const going = createServer((request, response) => {
    taken += 1
    if (taken < 10) request.resume().on('end', () => response.writeHead(202).end())
    else going.close().closeAllConnections()
  })
  await new Promise<void>((resolve) => going.listen(0, '127.0.0.1', resolve))
  const target = { ...shot, port: (going.address() as AddressInfo).port }
  const loaded = await load.closedLoop(target, { ...briefly, warmUpMs: 0, ms: 600_000 })
  expect(loaded.refused).toBe(briefly.connections)
})

test('deliveries are due by the clock, however long their answers take, in an open loop', async () => {
  const posted = await load.openLoop({ ...shot, port }, { perSecond: 200, count: 20, warmUp: 5 })
  expect(posted.map(({ status }) => status)).toEqual(Array(20).fill(202))
  const gaps = posted.slice(1).map(({ due }, index) => due - (posted[index]?.due ?? 0))
  for (const gap of gaps) expect(gap).toBeCloseTo(5, 6)
  for (const { due, sent, answered } of posted)
    expect([due, sent, answered].toSorted((a, b) => a - b)).toEqual([due, sent, answered])
})

test.each([true, false])(
  "Probot's server handles what it is measured with when it is quiet: %s",
  async (quiet) => {
    const probot = await startChild<ProbotApi>(stack, script('probot-process.ts'), { secret: 'right', quiet })
    const { event, body } = await labelledPayload(12 * 1024)
    expect(body).toHaveLength(12 * 1024)
    const target = { secret: 'right', event, body, port: await probot.port() }
    const found = await load.closedLoop(target, briefly)
    expect(await probot.handled()).toBe(found.ids.length)
  },
)
