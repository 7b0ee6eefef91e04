import { setTimeout as delay } from 'node:timers/promises'
import { openDatabase } from '../../src/db/pool.ts'
import { type Remote, startChild } from './child.ts'
import type { Shot } from './delivery-client.ts'
import type { DoorApi, DoorInput } from './door-process.ts'
import type { LoadApi } from './load-process.ts'
import type { PostgresApi } from './postgres-process.ts'

/** What came of the deliveries that were answered with 202 before or after the kill. */
export interface Aftermath {
  acknowledged: number
  /** Of these, the ones that are not in the table of the PostgreSQL that was started on the same data. */
  missing: number
}

/** Loads a door, kills it or its PostgreSQL with SIGKILL in the middle, starts again and looks what is there. */
export async function killUnderLoad(
  stack: AsyncDisposableStack,
  options: {
    victim: 'server' | 'postgres'
    /** Of PostgreSQL; made when missing. */
    dataDir: string
    connections: number
    /** Time under load before the kill, and as long again after it. */
    ms: number
    shot: Omit<Shot, 'port'>
  },
): Promise<Aftermath> {
  const { shot, connections, ms, dataDir } = options
  const postgres = await startPostgres(stack, dataDir)
  const { port, pid } = await (
    await startDoor(stack, { databaseUrl: await postgres.url(), ...shot })
  ).describe()
  const load = await startChild<LoadApi>(stack, new URL('./load-process.ts', import.meta.url), {})
  const loaded = load.closedLoop({ ...shot, port }, { connections, warmUpMs: 0, ms: 2 * ms, keepIds: true })
  const killed = delay(ms).then(async () => {
    const pids = options.victim === 'server' ? [pid] : await processesOf(await postgres.url())
    for (const one of pids) killIfThere(one)
  })
  const [{ ids, refused }] = await Promise.all([loaded, killed])
  if (ids.length === 0 || refused === 0) {
    throw new Error(`the kill was not under load: ${ids.length} acknowledged, ${refused} cut off`)
  }
  const again = await startPostgres(stack, dataDir)
  await startDoor(stack, { databaseUrl: await again.url(), ...shot })
  return { acknowledged: ids.length, missing: await countMissing(await again.url(), ids) }
}

/** PostgreSQL's own helpers come and go, and all of them go when the first one is killed. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function startPostgres(stack: AsyncDisposableStack, dataDir: string): Promise<Remote<PostgresApi>> {
  return startChild<PostgresApi>(stack, new URL('./postgres-process.ts', import.meta.url), { dataDir })
}

/** The door of our server, with nobody who works behind it unless told. */
export function startDoor(
  stack: AsyncDisposableStack,
  input: { databaseUrl: string; secret: string } & Partial<DoorInput>,
  flags: string[] = [],
): Promise<Remote<DoorApi>> {
  const { databaseUrl, secret, works = false, watches = false } = input
  const door: DoorInput = { databaseUrl, secret, works, watches }
  return startChild<DoorApi>(stack, new URL('./door-process.ts', import.meta.url), door, flags)
}

/** PostgreSQL's main process first, then all that it has started. */
async function processesOf(url: string): Promise<number[]> {
  return withPool(url, async (query) => {
    const main = await query<{ file: string }>(`select pg_read_file('postmaster.pid') as file`)
    const others = await query<{ pid: number }>('select pid from pg_stat_activity')
    return [Number(main[0]?.file.split('\n')[0]), ...others.map(({ pid }) => pid)]
  })
}

function countMissing(url: string, ids: readonly string[]): Promise<number> {
  return withPool(url, async (query) => {
    const rows = await query<{ missing: number }>(
      `select count(*) as missing from unnest($1::uuid[]) as acknowledged (id)
        where not exists (select from webhook_deliveries d where d.id = acknowledged.id)`,
      [ids],
    )
    return rows[0]?.missing ?? Number.NaN
  })
}

type Query = <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>

async function withPool<Value>(url: string, ask: (query: Query) => Promise<Value>): Promise<Value> {
  const { pool, close } = openDatabase(url, { max: 1 })
  try {
    return await ask(async <Row extends object>(text: string, values: unknown[] = []) => {
      return (await pool.query<Row>(text, values)).rows
    })
  } finally {
    await close()
  }
}
