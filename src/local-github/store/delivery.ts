import { type IdSequence, Table } from './table.ts'

/** One attempt to deliver one event; a redelivery is another record with the same `guid`. */
export interface DeliveryRecord {
  id: number
  guid: string
  event: string
  action: string | null
  installationId: number | null
  repositoryId: number | null
  url: string
  redelivery: boolean
  queuedAt: Date
  deliveredAt: Date | null
  /** Milliseconds from the first byte sent to the last byte received. */
  durationMs: number | null
  /** As GitHub words it: `OK`, `Invalid HTTP Response: 500`, `timed out`, ... */
  status: string
  /** 0 while in flight, or when there was no answer. */
  statusCode: number
  requestHeaders: Record<string, string>
  payload: string
  responseHeaders: Record<string, string>
  responseBody: string
  /** What GitHub's description finds wrong with the payload; `null` before `flushWebhooks` has checked it. */
  schemaErrors: string[] | null
}

/** The app's delivery log, newest first when listed. */
export class Deliveries {
  readonly #table = new Table<DeliveryRecord>()
  readonly #ids: IdSequence

  constructor(ids: IdSequence) {
    this.#ids = ids
  }

  create(fields: Omit<DeliveryRecord, 'id'>): DeliveryRecord {
    return this.#table.insert({ ...fields, id: this.#ids.next() })
  }

  byId(id: number): DeliveryRecord | undefined {
    return this.#table.get(id)
  }

  all(): DeliveryRecord[] {
    return this.#table.all()
  }
}
