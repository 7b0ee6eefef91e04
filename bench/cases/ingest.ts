import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { openDatabase } from '../../src/db/pool.ts'
import { type Case, defineCase, type Ground } from '../case.ts'
import type { Measured } from '../report.ts'
import type { BareDoorApi } from '../stage/bare-door-process.ts'
import { type Remote, startChild } from '../stage/child.ts'
import type { Shot } from '../stage/delivery-client.ts'
import { temporaryDirectory } from '../stage/directory.ts'
import { killUnderLoad, startDoor } from '../stage/kill-under-load.ts'
import type { LoadApi } from '../stage/load-process.ts'
import { labelledPayload } from '../stage/payload.ts'
import type { PostgresApi } from '../stage/postgres-process.ts'
import type { ProbotApi } from '../stage/probot-process.ts'
import { median, medianRatio } from '../statistics.ts'

const SECRET = 'the secret of the benchmark'
const PAYLOAD_BYTES = 12 * 1024
const CONNECTIONS = [20, 100] as const
const ROUNDS = 5
const ROUND_MS = 1_000
const WARM_UP_MS = 300
const KILL_AFTER_MS = 1_000
/** https://man7.org/linux/man-pages/man2/statfs.2.html */
const TMPFS = 0x01021994

const rate = (name: string, about: string) => ({ name, about, unit: '/s', goal: null }) as const
const ratio = (name: string, about: string) => ({ name, about, unit: 'times', goal: null }) as const

/** Deliveries received and committed to disk before the answer, against servers that store nothing. */
export const ingest: Case = defineCase({
  name: 'ingest',
  rows: [
    rate('ingest-20', 'deliveries of 12 KB a second over 20 connections, each committed before its 202'),
    {
      ...ratio('ingest-20-ratio', "that over Probot's own server, which stores nothing"),
      goal: 'at least 1.5',
    },
    ratio('ingest-20-quiet', 'that over the same with its log of requests turned off'),
    ratio('ingest-20-bare', 'that over bare node:http with HMAC and JSON.parse'),
    rate('ingest-20-working', 'the same while a worker with an empty handler takes them off the queue'),
    rate('ingest-100', 'deliveries a second over 100 connections'),
    { ...ratio('ingest-100-ratio', "that over Probot's own server"), goal: 'at least 2' },
    ratio('ingest-100-quiet', 'that over the same with its log of requests turned off'),
    ratio('ingest-100-bare', 'that over bare node:http with HMAC and JSON.parse'),
    rate('ingest-100-working', 'the same while a worker with an empty handler takes them off the queue'),
    {
      name: 'ingest-lost',
      about: 'acknowledged and missing after a kill -9 of the server and one of PostgreSQL, under load',
      unit: 'deliveries',
      goal: 'at most 0',
    },
  ],
  async run(ground) {
    const directory = await temporaryDirectory(ground.stack)
    const { event, body } = await labelledPayload(PAYLOAD_BYTES)
    const shot = { secret: SECRET, event, body }
    const contenders = await startContenders(ground, join(directory, 'postgres'))
    const of20 = await measure(ground, contenders, shot, CONNECTIONS[0])
    const of100 = await measure(ground, contenders, shot, CONNECTIONS[1])
    const lost = await loseNothing(ground, directory, shot)
    return {
      'ingest-20': of20.rate,
      'ingest-20-ratio': of20.ratio,
      'ingest-20-quiet': of20.quiet,
      'ingest-20-bare': of20.bare,
      'ingest-20-working': of20.working,
      'ingest-100': of100.rate,
      'ingest-100-ratio': of100.ratio,
      'ingest-100-quiet': of100.quiet,
      'ingest-100-bare': of100.bare,
      'ingest-100-working': of100.working,
      'ingest-lost': lost,
    }
  },
})

type Name = 'ours' | 'probot' | 'quiet' | 'bare' | 'working'

interface Contenders {
  load: Remote<LoadApi>
  ports: Record<Name, number>
  /** Empties the queue of the door that works, so that its backlog is not worked off in the next round. */
  settle(): Promise<void>
}

/** All of them run all the time, each in a process of its own, and are loaded in turn. */
async function startContenders({ stack, say, profiles }: Ground, dataDir: string): Promise<Contenders> {
  say("starting PostgreSQL, our door, one that also works, Probot's server and a bare one")
  const start = <Api extends object>(script: string, input: object): Promise<Remote<Api>> =>
    startChild<Api>(stack, new URL(`../stage/${script}`, import.meta.url), input)
  const [postgres, load] = await Promise.all([
    start<PostgresApi>('postgres-process.ts', { dataDir }),
    start<LoadApi>('load-process.ts', {}),
  ])
  const databaseUrl = await postgres.url()
  await assertDurable(databaseUrl, dataDir)
  const { pool, close } = openDatabase(await otherDatabase(databaseUrl), { max: 1 })
  stack.defer(() => close())
  const flags = profiles === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
  const [ours, working, probot, quiet, bare] = await Promise.all([
    startDoor(stack, { databaseUrl, secret: SECRET }, flags),
    startDoor(stack, { databaseUrl: withDatabase(databaseUrl, OTHER), secret: SECRET, works: true }),
    start<ProbotApi>('probot-process.ts', { secret: SECRET, quiet: false }),
    start<ProbotApi>('probot-process.ts', { secret: SECRET, quiet: true }),
    start<BareDoorApi>('bare-door-process.ts', { secret: SECRET }),
  ])
  const ports = {
    ours: (await ours.describe()).port,
    probot: await probot.port(),
    quiet: await quiet.port(),
    bare: await bare.port(),
    working: (await working.describe()).port,
  }
  return { load, ports, settle: async () => void (await pool.query('truncate webhook_deliveries')) }
}

/** Answers are worth something only where a commit reaches a disk. Throws when this one would not. */
async function assertDurable(databaseUrl: string, dataDir: string): Promise<void> {
  const { type } = await statfs(dataDir)
  if (type === TMPFS) throw new Error(`${dataDir} is in memory: set TMPDIR to a directory on a disk`)
  const { pool, close } = openDatabase(databaseUrl, { max: 1 })
  try {
    for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes']) {
      const { rows } = await pool.query(`select current_setting('${setting}') as value`)
      if (rows[0]?.value !== 'on') throw new Error(`${setting} is ${rows[0]?.value}`)
    }
  } finally {
    await close()
  }
}

const OTHER = 'working'

/** Makes a second database, so that the door that works leaves the deliveries of the other one alone. */
async function otherDatabase(databaseUrl: string): Promise<string> {
  const { pool, close } = openDatabase(databaseUrl, { max: 1 })
  await pool.query(`create database ${OTHER}`).finally(close)
  return withDatabase(databaseUrl, OTHER)
}

function withDatabase(url: string, database: string): string {
  const address = new URL(url)
  address.pathname = `/${database}`
  return address.href
}

type Rates = Record<Name, number[]>

async function measure(
  { say }: Ground,
  { load, ports, settle }: Contenders,
  shot: Omit<Shot, 'port'>,
  connections: number,
): Promise<Record<'rate' | 'ratio' | 'quiet' | 'bare' | 'working', Measured>> {
  const rates: Rates = { ours: [], probot: [], quiet: [], bare: [], working: [] }
  let busiest = 0
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const name of Object.keys(rates) as Name[]) {
      const done = await load.closedLoop(
        { ...shot, port: ports[name] },
        { connections, warmUpMs: WARM_UP_MS, ms: ROUND_MS },
      )
      if (done.refused > 0) throw new Error(`${name} refused ${done.refused} of ${done.accepted} deliveries`)
      rates[name].push((done.accepted * 1000) / done.elapsedMs)
      busiest = Math.max(busiest, done.cpuMs / done.elapsedMs)
      if (name === 'working') await settle()
    }
    const last = Object.entries(rates).map(([name, of]) => `${name} ${Math.round(of.at(-1) ?? 0)}/s`)
    say(`${connections} connections, round ${round} of ${ROUNDS}: ${last.join(', ')}`)
  }
  say(`the load itself took at most ${Math.round(busiest * 100)} % of one processor`)
  const [value, probot] = [median(rates.ours), median(rates.probot)]
  return {
    rate: { value, reference: { name: 'Probot', value: probot } },
    ratio: { value: medianRatio(rates.ours, rates.probot) },
    quiet: { value: medianRatio(rates.ours, rates.quiet) },
    bare: { value: medianRatio(rates.ours, rates.bare) },
    working: { value: median(rates.working), reference: { name: 'Probot', value: probot } },
  }
}

async function loseNothing(
  { stack, say }: Ground,
  directory: string,
  shot: Omit<Shot, 'port'>,
): Promise<Measured> {
  let [acknowledged, missing] = [0, 0]
  for (const victim of ['server', 'postgres'] as const) {
    const options = { connections: CONNECTIONS[1], ms: KILL_AFTER_MS, shot, dataDir: join(directory, victim) }
    const found = await killUnderLoad(stack, { victim, ...options })
    say(`kill -9 of the ${victim}: ${found.acknowledged} acknowledged, ${found.missing} missing`)
    acknowledged += found.acknowledged
    missing += found.missing
  }
  return { value: missing, reference: { name: 'acknowledged', value: acknowledged } }
}
