import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'

/** A setting that all replicas share, or undefined. */
export async function readSetting(
  db: Kysely<Database>,
  key: string,
): Promise<Record<string, unknown> | undefined> {
  const row = await db.selectFrom('serverSettings').select('value').where('key', '=', key).executeTakeFirst()
  return row?.value
}

export async function writeSetting(
  db: Kysely<Database>,
  key: string,
  value: Record<string, unknown>,
): Promise<void> {
  const json = JSON.stringify(value)
  const changedAt = new Date()
  await db
    .insertInto('serverSettings')
    .values({ key, value: json })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: json, changedAt }))
    .execute()
}
