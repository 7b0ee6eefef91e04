import { createHmac } from 'node:crypto'
import type { DeliveryRecord } from '../store/delivery.ts'

export interface WebhookTarget {
  url: string
  secret: string
}

/** GitHub gives a receiver ten seconds. */
const timeoutMs = 10_000

/** The signature GitHub puts over the bytes of a payload. */
export function signature(secret: string, payload: string): string {
  return `sha256=${createHmac('sha256', secret).update(payload).digest('hex')}`
}

/** Sends one delivery and writes down what came of it. Never throws: a failure is the record's status. */
export async function send(record: DeliveryRecord, stop: AbortSignal, now: () => Date): Promise<void> {
  const startedAt = performance.now()
  record.deliveredAt = now()
  try {
    const response = await fetch(record.url, {
      method: 'POST',
      headers: record.requestHeaders,
      body: record.payload,
      redirect: 'manual',
      signal: AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]),
    })
    record.responseBody = (await response.text()).slice(0, 10_000)
    record.responseHeaders = Object.fromEntries(response.headers)
    record.statusCode = response.status
    record.status = response.ok ? 'OK' : `Invalid HTTP Response: ${response.status}`
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError'
    record.status = isTimeout ? 'timed out' : 'failed to connect to host'
  } finally {
    record.durationMs = performance.now() - startedAt
  }
}
