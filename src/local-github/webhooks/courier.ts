import { randomUUID } from 'node:crypto'
import type { Faults, WebhookFault } from '../faults.ts'
import type { Deliveries, DeliveryRecord } from '../store/delivery.ts'
import { send, signature, type WebhookTarget } from './sender.ts'

export interface Parcel {
  event: string
  action: string | null
  installationId: number | null
  repositoryId: number | null
  payload: unknown
}

export interface CourierOptions {
  appId: number
  hookId: number
  deliveries: Deliveries
  faults: Faults
  now(): Date
}

/** A slow receiver holds the next delivery up for so long, then they overlap. */
const patienceMs = 250

/**
 * Delivers events one after the other, in the order in which they happened. Nothing is ever sent again by itself.
 */
export class Courier {
  target: WebhookTarget | null = null
  readonly #options: CourierOptions
  readonly #stop = new AbortController()
  readonly #pending = new Set<Promise<void>>()
  #queue: DeliveryRecord[] = []
  #held: DeliveryRecord[] = []
  #pumping = false

  constructor(options: CourierOptions) {
    this.#options = options
  }

  /** Queues one event; returns at once. */
  post(parcel: Parcel): void {
    if (!this.target) return
    const record = this.#record(this.target, parcel, randomUUID())
    const fault = this.#options.faults.takeWebhook(parcel.event, parcel.action)
    this.#enqueue(record, fault?.effect)
  }

  /** Sends an earlier delivery again, under the same GUID, to where the webhook is now. */
  redeliver(earlier: DeliveryRecord): void {
    if (!this.target) return
    this.#queue.push(this.#copy(earlier, this.target))
    this.#pump()
  }

  /** Resolves when nothing is queued, held, delayed or in flight. */
  async flush(): Promise<void> {
    while (this.#pending.size > 0 || this.#queue.length > 0 || this.#held.length > 0) {
      this.#queue.push(...this.#held.splice(0))
      this.#pump()
      await Promise.all(this.#pending)
    }
  }

  stop(): void {
    this.#queue = []
    this.#held = []
    this.#stop.abort()
  }

  #enqueue(record: DeliveryRecord, effect: WebhookFault['effect'] | undefined): void {
    if (effect === 'drop') {
      record.status = 'failed to connect to host'
      record.deliveredAt = this.#options.now()
      return
    }
    if (effect === 'reorder') {
      this.#held.push(record)
      return
    }
    if (typeof effect === 'object') {
      this.#track(this.#later(record, effect.delayMs))
      return
    }
    this.#queue.push(record)
    if (effect === 'duplicate' && this.target) this.#queue.push(this.#copy(record, this.target))
    this.#queue.push(...this.#held.splice(0))
    this.#pump()
  }

  async #later(record: DeliveryRecord, delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs)
      this.#stop.signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
    if (!this.#stop.signal.aborted) await this.#send(record)
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    this.#track(this.#drain())
  }

  async #drain(): Promise<void> {
    for (let record = this.#queue.shift(); record; record = this.#queue.shift()) {
      const sent = this.#send(record)
      this.#track(sent)
      await Promise.race([sent, patience()])
    }
    this.#pumping = false
  }

  #send(record: DeliveryRecord): Promise<void> {
    return send(record, this.#stop.signal, this.#options.now)
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#pending.delete(tracked))
    this.#pending.add(tracked)
  }

  #record(target: WebhookTarget, parcel: Parcel, guid: string): DeliveryRecord {
    const payload = JSON.stringify(parcel.payload)
    return this.#options.deliveries.create({
      guid,
      event: parcel.event,
      action: parcel.action,
      installationId: parcel.installationId,
      repositoryId: parcel.repositoryId,
      url: target.url,
      redelivery: false,
      queuedAt: this.#options.now(),
      deliveredAt: null,
      durationMs: null,
      status: 'pending',
      statusCode: 0,
      requestHeaders: this.#headers(target, parcel.event, guid, payload),
      payload,
      responseHeaders: {},
      responseBody: '',
      schemaErrors: null,
    })
  }

  #copy(earlier: DeliveryRecord, target: WebhookTarget): DeliveryRecord {
    const { id: _, ...fields } = earlier
    return this.#options.deliveries.create({
      ...fields,
      url: target.url,
      redelivery: true,
      queuedAt: this.#options.now(),
      deliveredAt: null,
      durationMs: null,
      status: 'pending',
      statusCode: 0,
      requestHeaders: this.#headers(target, earlier.event, earlier.guid, earlier.payload),
      responseHeaders: {},
      responseBody: '',
    })
  }

  #headers(target: WebhookTarget, event: string, guid: string, payload: string): Record<string, string> {
    return {
      accept: '*/*',
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/local',
      'x-github-delivery': guid,
      'x-github-event': event,
      'x-github-hook-id': String(this.#options.hookId),
      'x-github-hook-installation-target-id': String(this.#options.appId),
      'x-github-hook-installation-target-type': 'integration',
      'x-hub-signature-256': signature(target.secret, payload),
    }
  }
}

async function patience(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, patienceMs).unref()
  })
}
