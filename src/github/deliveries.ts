import { z } from 'zod'
import type { Client } from './client.ts'
import { time } from './fields.ts'

/** A webhook delivery that never succeeded. Ids exceed what a number holds exactly, so they are texts. */
export interface FailedDelivery {
  readonly id: string
  readonly guid: string
  readonly event: string
  readonly deliveredAt: Date
  /** What we answered; 0 when the connection failed. */
  readonly statusCode: number
}

const id = z.union([z.int(), z.bigint(), z.string().regex(/^\d+$/)]).transform(String)
const DeliveryAnswer = z.object({
  id,
  guid: z.string(),
  event: z.string(),
  status_code: z.int(),
  delivered_at: time,
})

export interface Deliveries {
  /**
   * The deliveries since a time that have not succeeded in any attempt, oldest first, with the id of the last
   * attempt. Looks at the newest 5,000 attempts; `cut` says that there were more.
   */
  failedSince(since: Date): Promise<{ failed: FailedDelivery[]; cut: boolean }>
  /** Asks GitHub to deliver again, with the same guid. */
  redeliver(id: string): Promise<void>
}

const PAGE = 100
const MOST_PAGES = 50

export function createDeliveries(client: Client): Deliveries {
  return {
    async failedSince(since) {
      const succeeded = new Set<string>()
      const failed = new Map<string, FailedDelivery>()
      let cursor: string | null = null
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const parameters: { per_page: number; cursor?: string } = {
          per_page: PAGE,
          ...(cursor ? { cursor } : {}),
        }
        const answer = await client.callAsApp(
          'apps/list-webhook-deliveries',
          parameters,
          z.array(DeliveryAnswer),
        )
        for (const { id, guid, event, status_code: statusCode, delivered_at: deliveredAt } of answer) {
          if (deliveredAt < since) continue
          if (statusCode >= 200 && statusCode < 300) succeeded.add(guid)
          else if (!failed.has(guid)) failed.set(guid, { id, guid, event, deliveredAt, statusCode })
        }
        const last = answer.at(-1)
        if (last === undefined || answer.length < PAGE || last.delivered_at < since) return result(false)
        cursor = last.id
      }
      return result(true)

      function result(cut: boolean): { failed: FailedDelivery[]; cut: boolean } {
        return { failed: [...failed.values()].filter(({ guid }) => !succeeded.has(guid)).reverse(), cut }
      }
    },
    async redeliver(id) {
      await client.callAsApp('apps/redeliver-webhook-delivery', { delivery_id: id }, z.unknown())
    },
  }
}
