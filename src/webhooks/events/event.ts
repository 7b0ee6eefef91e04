import type { EmitterWebhookEventName } from '@octokit/webhooks'
import type { WebhookContext } from '../context.ts'

/** The handlers of one kind of event. Each reads what is, compares, and acts: deliveries come twice, late and mixed up. */
export interface EventHandlers {
  readonly events: Partial<Record<EmitterWebhookEventName, EventHandler>>
}

export type EventHandler = (context: WebhookContext, payload: unknown, delivery: string) => Promise<void>
