import { contentCallCounts } from '../db/repositories/outbound-calls.ts'
import type { Orchestrator } from '../orchestrator/orchestrator.ts'
import { Postponed } from '../queue/queue.ts'

/** Throws `Postponed` when the installation's budget of content-creating calls is used up for now. */
export async function respectContentBudget(
  { db, policy }: Pick<Orchestrator, 'db' | 'policy'>,
  installationId: number,
): Promise<void> {
  const used = await contentCallCounts(db, installationId)
  if (used.hour >= policy.contentPerHour) {
    throw new Postponed(new Date(Date.now() + 5 * 60_000), `${used.hour} content-creating calls this hour`)
  }
  if (used.minute >= policy.contentPerMinute) {
    throw new Postponed(new Date(Date.now() + 20_000), `${used.minute} content-creating calls this minute`)
  }
}
