import { Postponed } from '../../queue/queue.ts'
import type { JobContext } from '../context.ts'

/** Does something for every item; one that fails or has to wait is logged and does not keep the others back. */
export async function forEach<Item>(
  context: Pick<JobContext, 'logger'>,
  items: readonly Item[],
  run: (item: Item) => Promise<unknown>,
): Promise<void> {
  for (const item of items) {
    try {
      await run(item)
    } catch (error) {
      if (error instanceof Postponed) context.logger.debug({ item, reason: error.message }, 'left for later')
      else context.logger.error({ err: error, item }, 'reconciling failed')
    }
  }
}
