import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { DEFAULT_POLICY } from '../../src/config.ts'
import { openDatabase } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { openQueue } from '../../src/queue/queue.ts'
import { createServerKeys } from '../../src/runtime/keys.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { type Case, defineCase, type Ground } from '../case.ts'
import type { Measured } from '../report.ts'
import { startChild } from '../stage/child.ts'
import { bareClaimer, type Claimer, claimRate, statementClaimer, wholeClaimer } from '../stage/claimers.ts'
import { temporaryDirectory } from '../stage/directory.ts'
import type { PostgresApi } from '../stage/postgres-process.ts'
import { type AgentKind, fillTaskTable } from '../stage/task-table.ts'
import { median, medianRatio } from '../statistics.ts'

const SMALL = 1_000
const MEDIUM = 100_000
const LARGE = 1_000_000
const SIZES = [SMALL, MEDIUM, LARGE] as const
const AGENTS = [1, 8, 32] as const
const KINDS = ['narrow', 'broad'] as const
const ROUNDS = 5
const ROUND_MS = 500

type Size = (typeof SIZES)[number]
type Agents = (typeof AGENTS)[number]
type Setting = `${AgentKind}-${Agents}`
const SETTINGS = KINDS.flatMap((kind) => AGENTS.map((agents): Setting => `${kind}-${agents}`))

const words = (setting: Setting): string => setting.replace(/^(\w+)-(\d+)$/, '$2 $1 agents')
const rows = SETTINGS.flatMap(
  (setting) =>
    [
      {
        name: `claims-${setting}` as const,
        about: `tasks found and taken a second by ${words(setting)} among a million, without the rest of the claim`,
        unit: '/s',
        goal: null,
      },
      {
        name: `claims-${setting}-bare` as const,
        about: `that over a bare \`for update skip locked\` claim of the first claimable task`,
        unit: 'times',
        goal: 'at least 0.5',
      },
      {
        name: `claims-${setting}-small` as const,
        about: 'that over the same among a thousand tasks',
        unit: 'times',
        goal: 'at least 0.7',
      },
      {
        name: `claims-${setting}-medium` as const,
        about: 'the same among a hundred thousand over a thousand',
        unit: 'times',
        goal: null,
      },
      {
        name: `claims-${setting}-whole` as const,
        about:
          'whole claims a second among a million: session, lease, branch, context, history and jobs, committed',
        unit: '/s',
        goal: null,
      },
    ] as const,
)

/** Claims among a thousand, a hundred thousand and a million tasks, by agents that could do little or everything. */
export const claims: Case = defineCase({
  name: 'claims',
  rows,
  async run(ground) {
    const databases = await fillDatabases(ground)
    const measured: Partial<Record<(typeof rows)[number]['name'], Measured>> = {}
    for (const setting of SETTINGS) {
      ground.say(words(setting))
      Object.assign(measured, await measure(databases, setting))
    }
    return measured as Record<(typeof rows)[number]['name'], Measured>
  },
})

type Databases = Record<Size, { db: Kysely<Database>; whole: Claimer; agents: Record<AgentKind, number[]> }>

/** A database for each size on one PostgreSQL that keeps what it commits. */
async function fillDatabases({ stack, say }: Ground): Promise<Databases> {
  const directory = await temporaryDirectory(stack)
  const script = new URL('../stage/postgres-process.ts', import.meta.url)
  const postgres = await startChild<PostgresApi>(stack, script, {
    dataDir: join(directory, 'postgres'),
    settings: { max_connections: 50 * SIZES.length },
  })
  const url = await postgres.url()
  const fill = async (size: Size): Promise<Databases[Size]> => {
    say(`filling ${size} tasks`)
    const { pool, db } = await createDatabase(stack, url, `tasks_${size}`)
    await fillTaskTable(db, size)
    const found = await pool.query<{ id: number; kind: AgentKind }>(
      `select id, split_part(name, '-', 1) as kind from agents order by id`,
    )
    const idsOf = (kind: AgentKind) => found.rows.filter((row) => row.kind === kind).map(({ id }) => id)
    const whole = await openWhole(stack, db, new URL(`/tasks_${size}`, url).href)
    return { db, whole, agents: { narrow: idsOf('narrow'), broad: idsOf('broad') } }
  }
  return { [SMALL]: await fill(SMALL), [MEDIUM]: await fill(MEDIUM), [LARGE]: await fill(LARGE) }
}

async function createDatabase(stack: AsyncDisposableStack, server: string, name: string) {
  const admin = openDatabase(server, { max: 1 })
  await admin.pool.query(`create database ${name}`).finally(() => admin.close())
  const opened = openDatabase(new URL(`/${name}`, server).href, { max: Math.max(...AGENTS) })
  stack.defer(() => opened.close())
  return opened
}

async function openWhole(stack: AsyncDisposableStack, db: Kysely<Database>, url: string): Promise<Claimer> {
  const queue = await openQueue(url, createLogger('warn'))
  stack.defer(() => queue.stop())
  return wholeClaimer({
    db,
    clock: { now: () => new Date() },
    keys: createServerKeys('a server key for the benchmark, long enough'),
    policy: DEFAULT_POLICY,
    publicUrl: 'http://127.0.0.1:1',
    githubUrl: 'https://github.test',
    enqueue: queue.enqueue,
    notify: () => {},
    random: Math.random,
  })
}

async function measure(databases: Databases, setting: Setting): Promise<Record<string, Measured>> {
  const [kind, count] = setting.split('-') as [AgentKind, `${Agents}`]
  const agentsOf = (size: Size): number[] => databases[size].agents[kind].slice(0, Number(count))
  const now = new Date()
  const rates = { bare: [], whole: [], [SMALL]: [], [MEDIUM]: [], [LARGE]: [] } as Record<string, number[]>
  const contenders: { name: string; size: Size; claim: Claimer }[] = [
    { name: 'bare', size: LARGE, claim: bareClaimer(databases[LARGE].db) },
    ...SIZES.map((size) => ({ name: `${size}`, size, claim: statementClaimer(databases[size].db, now) })),
    { name: 'whole', size: LARGE, claim: databases[LARGE].whole },
  ]
  // the first round warms up caches and plans
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { name, size, claim } of contenders) {
      const rate = await claimRate(claim, agentsOf(size), ROUND_MS)
      if (round > 0) rates[name]?.push(rate)
    }
  }
  const of = (name: string | number): number[] => rates[name] ?? []
  return {
    [`claims-${setting}`]: {
      value: median(of(LARGE)),
      reference: { name: 'bare claim', value: median(of('bare')) },
    },
    [`claims-${setting}-bare`]: { value: medianRatio(of(LARGE), of('bare')) },
    [`claims-${setting}-small`]: { value: medianRatio(of(LARGE), of(SMALL)) },
    [`claims-${setting}-medium`]: { value: medianRatio(of(MEDIUM), of(SMALL)) },
    [`claims-${setting}-whole`]: { value: median(of('whole')) },
  }
}
