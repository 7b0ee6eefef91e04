import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Case, defineCase, type Ground } from '../case.ts'
import type { Measured } from '../report.ts'
import type { BareNotifyApi } from '../stage/bare-notify-process.ts'
import { type Remote, startChild } from '../stage/child.ts'
import type { Shot } from '../stage/delivery-client.ts'
import { temporaryDirectory } from '../stage/directory.ts'
import { startDoor } from '../stage/kill-under-load.ts'
import type { LoadApi, Posted } from '../stage/load-process.ts'
import { labelledPayload } from '../stage/payload.ts'
import type { PostgresApi } from '../stage/postgres-process.ts'
import type { DeliveryTimes } from '../stage/watch-deliveries.ts'
import { percentile } from '../statistics.ts'

const SECRET = 'the secret of the benchmark'
const PAYLOAD_BYTES = 12 * 1024
const PER_SECOND = 300
const ROUNDS = 3
const ROUND_SECONDS = 5
const WARM_UP = PER_SECOND
const PATIENCE_MS = 10_000

/** From the answer to a webhook to the start of its handler, at a constant rate. */
export const dispatch: Case = defineCase({
  name: 'dispatch',
  rows: [
    {
      name: 'dispatch',
      about: `202 to the start of the handler at ${PER_SECOND} deliveries/s, p99`,
      unit: 'ms',
      goal: 'under 20',
    },
    {
      name: 'dispatch-whole',
      about: 'when it was due to be sent to the start of the handler, p99',
      unit: 'ms',
      goal: null,
    },
  ],
  async run(ground) {
    const { ours, bare } = await measure(ground)
    return { dispatch: row(ours.wait, bare.wait), 'dispatch-whole': row(ours.whole, bare.whole) }
  },
})

/** Of each delivery, in milliseconds. */
interface Times {
  wait: number[]
  whole: number[]
}

interface Contender {
  port: number
  times(): Promise<DeliveryTimes>
}

async function measure({ stack, say, profiles }: Ground): Promise<Record<'ours' | 'bare', Times>> {
  say('starting PostgreSQL, our door with its worker, and a bare NOTIFY')
  const directory = await temporaryDirectory(stack)
  const { event, body } = await labelledPayload(PAYLOAD_BYTES)
  const start = <Api extends object>(script: string, input: object): Promise<Remote<Api>> =>
    startChild<Api>(stack, new URL(`../stage/${script}`, import.meta.url), input)
  const postgres = await start<PostgresApi>('postgres-process.ts', { dataDir: join(directory, 'postgres') })
  const databaseUrl = await postgres.url()
  const flags = profiles === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
  const door = await startDoor(stack, { databaseUrl, secret: SECRET, works: true, watches: true }, flags)
  const bare = await start<BareNotifyApi>('bare-notify-process.ts', { databaseUrl })
  const load = await start<LoadApi>('load-process.ts', {})
  const contenders = {
    ours: { port: (await door.describe()).port, times: () => door.times() },
    bare: { port: await bare.port(), times: () => bare.times() },
  }
  const found = { ours: { wait: [], whole: [] }, bare: { wait: [], whole: [] } } as Record<
    'ours' | 'bare',
    Times
  >
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const name of ['ours', 'bare'] as const) {
      const { wait, whole } = await oneRound(load, contenders[name], { secret: SECRET, event, body })
      found[name].wait.push(...wait)
      found[name].whole.push(...whole)
      const p99 = percentile(wait, 99).toFixed(1)
      say(`round ${round} of ${ROUNDS}, ${name}: p50 ${percentile(wait, 50).toFixed(1)} ms, p99 ${p99} ms`)
    }
  }
  return found
}

async function oneRound(
  load: Remote<LoadApi>,
  { port, times }: Contender,
  shot: Omit<Shot, 'port'>,
): Promise<Times> {
  const count = PER_SECOND * ROUND_SECONDS
  const posted = await load.openLoop({ ...shot, port }, { perSecond: PER_SECOND, count, warmUp: WARM_UP })
  const refused = posted.filter(({ status }) => status !== 202)
  if (refused.length > 0)
    throw new Error(`${refused.length} deliveries were refused with ${refused[0]?.status}`)
  const { answered, started } = await untilAllStarted(posted, times)
  const spans = posted.map(({ id, due }) => {
    const start = started.get(id) ?? Number.NaN
    return { wait: start - (answered.get(id) ?? Number.NaN), whole: start - due }
  })
  return { wait: spans.map(({ wait }) => wait), whole: spans.map(({ whole }) => whole) }
}

/** Throws when a delivery that was answered is not handled in ten seconds. */
async function untilAllStarted(
  posted: readonly Posted[],
  times: Contender['times'],
): Promise<{ answered: Map<string, number>; started: Map<string, number> }> {
  const deadline = performance.now() + PATIENCE_MS
  const answered = new Map<string, number>()
  const started = new Map<string, number>()
  for (;;) {
    const next = await times()
    for (const [id, at] of next.answered) answered.set(id, at)
    for (const [id, at] of next.started) started.set(id, at)
    const waiting = posted.filter(({ id }) => !started.has(id) || !answered.has(id))
    if (waiting.length === 0) return { answered, started }
    if (performance.now() > deadline) throw new Error(`${waiting.length} deliveries were not handled`)
    await delay(50)
  }
}

function row(ours: readonly number[], bare: readonly number[]): Measured {
  const p99 = percentile(ours, 99)
  return {
    value: p99,
    p50: percentile(ours, 50),
    p99,
    reference: { name: 'bare NOTIFY, p99', value: percentile(bare, 99) },
  }
}
