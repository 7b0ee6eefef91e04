import { appEvents } from '../render/installation.ts'
import { time } from '../render/time.ts'
import type { RestContext } from '../rest/call.ts'

/** GitHub's first delivery to a webhook that was just set. */
export function announcePing(context: RestContext, hookId: number, url: string): void {
  const { app, addresses, courier } = context
  const now = time(context.now())
  courier.post({
    event: 'ping',
    action: null,
    installationId: null,
    repositoryId: null,
    payload: {
      zen: 'Keep it logically awesome.',
      hook_id: hookId,
      hook: {
        type: 'App',
        id: hookId,
        name: 'web',
        active: true,
        events: [...appEvents],
        config: { content_type: 'json', insecure_ssl: '0', secret: '********', url },
        updated_at: now,
        created_at: now,
        app_id: app.id,
        deliveries_url: `${addresses.apiUrl}/app/hook/deliveries`,
      },
    },
  })
}
