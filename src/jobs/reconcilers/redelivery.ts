import { readSetting, writeSetting } from '../../db/repositories/server-settings.ts'
import { knownDeliveries } from '../../db/repositories/webhook-deliveries.ts'
import type { JobContext } from '../context.ts'

const SETTING = 'redelivery'
/** GitHub keeps deliveries for 3 days. */
const KEPT_MS = 3 * 24 * 3600 * 1000
/** A failed delivery is asked for at most this often; after that somebody has to look at the log. */
const MOST_ASKED = 5
const MOST_A_RUN = 50

/** Asks GitHub to deliver again what never reached us: GitHub does not do so by itself. */
export async function redeliverFailed(context: JobContext): Promise<void> {
  const { db, clock } = context.orchestrator
  const since = new Date(clock.now().getTime() - KEPT_MS)
  const { failed } = await context.github.deliveries.failedSince(since)
  if (failed.length === 0) return
  const known = await knownDeliveries(
    db,
    failed.map((delivery) => delivery.guid),
  )
  const counts = ((await readSetting(db, SETTING)) ?? {}) as Record<string, number>
  const asked: Record<string, number> = {}
  for (const delivery of failed.slice(0, MOST_A_RUN)) {
    const count = counts[delivery.guid] ?? 0
    asked[delivery.guid] = count
    if (known.has(delivery.guid) || count >= MOST_ASKED) continue
    await context.github.deliveries.redeliver(delivery.id)
    asked[delivery.guid] = count + 1
    context.logger.info(
      { delivery: delivery.guid, event: delivery.event, asked: count + 1 },
      'asked for redelivery',
    )
  }
  await writeSetting(db, SETTING, asked)
}
