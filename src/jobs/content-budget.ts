import type { Kysely } from 'kysely'
import { contentCallCounts } from '../db/repositories/outbound-calls.ts'
import type { Database } from '../db/schema.ts'
import { Postponed } from '../queue/queue.ts'

/**
 * GitHub allows about 80 content-creating calls a minute and 500 an hour per installation; we stop short of it.
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
const CONTENT_BUDGET = { minute: 60, hour: 450 } as const

/** Throws `Postponed` when the installation's budget of content-creating calls is used up for now. */
export async function respectContentBudget(db: Kysely<Database>, installationId: number): Promise<void> {
  const used = await contentCallCounts(db, installationId)
  if (used.hour >= CONTENT_BUDGET.hour) {
    throw new Postponed(new Date(Date.now() + 5 * 60_000), `${used.hour} content-creating calls this hour`)
  }
  if (used.minute >= CONTENT_BUDGET.minute) {
    throw new Postponed(new Date(Date.now() + 20_000), `${used.minute} content-creating calls this minute`)
  }
}
