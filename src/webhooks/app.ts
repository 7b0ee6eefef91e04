import { Probot } from 'probot'
import type { WebhookContext } from './context.ts'
import type { EventHandlers } from './events/event.ts'
import { installation } from './events/installation.ts'
import { issueComment } from './events/issue-comment.ts'
import { issues } from './events/issues.ts'
import { pullRequest } from './events/pull-request.ts'
import { push } from './events/push.ts'
import { repository } from './events/repository.ts'
import { AnyEvent, readPayload } from './payload.ts'
import type { DeliveryHandler } from './worker.ts'

/** One entry per family of events. */
const eventHandlers: readonly EventHandlers[] = [
  installation,
  repository,
  issues,
  issueComment,
  pullRequest,
  push,
]

export interface ProbotCredentials {
  appId: number
  privateKey: string
  webhookSecret: string
  apiUrl: string
}

/**
 * The Probot app over our handlers. Deliveries reach it from our own durable queue by `receive`; its server is
 * not used (it keeps work in memory only), nor its clients (the github room has its own, with budgets).
 */
export async function createDeliveryHandler(
  context: WebhookContext,
  credentials: ProbotCredentials,
): Promise<DeliveryHandler> {
  const probot = new Probot({
    appId: credentials.appId,
    privateKey: credentials.privateKey,
    secret: credentials.webhookSecret,
    baseUrl: credentials.apiUrl,
    log: context.logger.child({ name: 'probot' }, { level: 'fatal' }),
  })
  await probot.load((app) => {
    for (const { events } of eventHandlers) {
      for (const [name, handler] of Object.entries(events)) {
        app.on(name as keyof typeof events, (event) => handler(context, event.payload, event.id))
      }
    }
  })
  return async ({ id, name, payload }) => {
    // Probot looks at this field before any handler does
    readPayload(AnyEvent, payload)
    await probot.receive({ id, name, payload } as Parameters<Probot['receive']>[0])
  }
}
