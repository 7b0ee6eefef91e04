import { type Kysely, sql } from 'kysely'
import type { Pool } from 'pg'
import type { Database } from '../schema.ts'

/** A delivery as it arrived: not parsed, the signature checked. */
export interface ReceivedDelivery {
  /** The GUID of `X-GitHub-Delivery`; a redelivery has the same. */
  id: string
  event: string
  payload: Buffer
}

export interface ClaimedDelivery extends ReceivedDelivery {
  attempts: number
}

/** Where `claimDeliveries` listens. */
export const DELIVERY_CHANNEL = 'mc_delivery'

/**
 * Stores a batch in one statement, durable when it returns. A delivery that was seen is stored once; one that
 * had failed for good is armed again. Rows are sorted by id, or two replicas could deadlock. Payloads travel
 * as binary parameters.
 */
export async function storeDeliveries(pool: Pool, batch: readonly ReceivedDelivery[]): Promise<void> {
  const sorted = [...new Map(batch.map((one) => [one.id, one])).values()].sort((a, b) =>
    a.id < b.id ? -1 : 1,
  )
  await pool.query({
    name: 'store-deliveries',
    text: `insert into webhook_deliveries (id, event, payload)
      select * from unnest($1::uuid[], $2::text[], $3::bytea[])
      on conflict (id) do update
        set state = 'received', attempts = 0, due_at = '-infinity', error = null, finished_at = null
        where webhook_deliveries.state = 'failed'`,
    values: [
      binaryArray(
        UUID,
        sorted.map((one) => Buffer.from(one.id.replaceAll('-', ''), 'hex')),
      ),
      binaryArray(
        TEXT,
        sorted.map((one) => Buffer.from(one.event)),
      ),
      binaryArray(
        BYTEA,
        sorted.map((one) => one.payload),
      ),
    ],
  })
}

/** https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
const BYTEA = 17
const TEXT = 25
const UUID = 2950

/** One array in PostgreSQL's binary format; `pg` sends a Buffer as a binary parameter. */
function binaryArray(elementType: number, elements: readonly Buffer[]): Buffer {
  const size = elements.reduce((sum, element) => sum + 4 + element.length, 20)
  const out = Buffer.allocUnsafe(size)
  out.writeInt32BE(1, 0)
  out.writeInt32BE(0, 4)
  out.writeInt32BE(elementType, 8)
  out.writeInt32BE(elements.length, 12)
  out.writeInt32BE(1, 16)
  let at = 20
  for (const element of elements) {
    at = out.writeInt32BE(element.length, at)
    at += element.copy(out, at)
  }
  return out
}

/** Takes up to `limit` deliveries that are due, oldest first; after `seconds` an unfinished one is due again. */
export async function claimDeliveries(
  pool: Pool,
  limit: number,
  seconds: number,
): Promise<ClaimedDelivery[]> {
  const result = await pool.query<ClaimedDelivery>({
    name: 'claim-deliveries',
    text: `update webhook_deliveries d
      set state = 'working', attempts = d.attempts + 1, due_at = now() + make_interval(secs => $2)
      from (
        select id from webhook_deliveries
        where state in ('received', 'working') and due_at <= now()
        order by received_at, id limit $1 for update skip locked
      ) due
      where d.id = due.id
      returning d.id, d.event, d.payload, d.attempts, d.received_at`,
    values: [limit, seconds],
  })
  return result.rows
}

/**
 * Says that these are still being handled: they are due again only `seconds` from now. It skips what is being finished:
 * two statements that wait for each other's rows would be a deadlock.
 */
export async function renewDeliveries(pool: Pool, ids: readonly string[], seconds: number): Promise<void> {
  await pool.query({
    name: 'renew-deliveries',
    text: `update webhook_deliveries set due_at = now() + make_interval(secs => $2)
      where id in (
        select id from webhook_deliveries where id = any($1::uuid[]) and state = 'working' for update skip locked
      )`,
    values: [ids, seconds],
  })
}

/** These have been handled, in one commit. */
export async function finishDeliveries(pool: Pool, ids: readonly string[]): Promise<void> {
  await pool.query({
    name: 'finish-deliveries',
    text: `update webhook_deliveries set state = 'done', error = null, finished_at = clock_timestamp()
      where id = any($1::uuid[])`,
    values: [ids],
  })
}

/** Keeps the error; the delivery is tried again at `retryAt`, or has failed for good when that is null. */
export async function failDelivery(
  db: Kysely<Database>,
  id: string,
  error: string,
  retryAt: Date | null,
): Promise<void> {
  await db
    .updateTable('webhookDeliveries')
    .set(
      retryAt === null
        ? { state: 'failed', error, finishedAt: new Date() }
        : { state: 'received', error, dueAt: retryAt },
    )
    .where('id', '=', id)
    .execute()
}

/** Of these GUIDs, the ones that were received and have not failed: nothing to ask for again. */
export async function knownDeliveries(db: Kysely<Database>, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db
    .selectFrom('webhookDeliveries')
    .select('id')
    .where('id', 'in', [...ids])
    .where('state', '!=', 'failed')
    .execute()
  return new Set(rows.map((row) => row.id))
}

/** Forgets what is older than 7 days: GitHub keeps deliveries for 3. */
export async function trimDeliveries(db: Kysely<Database>): Promise<void> {
  await db
    .deleteFrom('webhookDeliveries')
    .where('receivedAt', '<', sql<Date>`now() - interval '7 days'`)
    .where('state', 'in', ['done', 'failed'])
    .execute()
}
