import type { LocalGitHubContext } from '../context.ts'
import { appEvents } from '../render/installation.ts'
import { renderRepository } from '../render/repository.ts'
import { renderOrganization, renderUser } from '../render/user.ts'
import type { Installation } from '../store/installation.ts'
import type { Courier } from './courier.ts'
import type { EmittedEvent, Json, WebhookEmitter } from './event.ts'

export type { EmittedEvent } from './event.ts'

const uninvited = ['installation', 'installation_repositories', 'ping']

/** Events go to the app where it is installed, awake and subscribed, and nowhere else. */
export function createEmitter(context: () => LocalGitHubContext, courier: Courier): WebhookEmitter {
  return {
    emit(event) {
      const { store } = context()
      const installation =
        event.installation ?? (event.repository && store.installations.ofRepository(event.repository.id))
      if (!installation || !isSubscribed(event.event)) return
      if (installation.suspendedAt && event.event !== 'installation') return
      courier.post({
        event: event.event,
        action: event.action,
        installationId: installation.id,
        repositoryId: event.repository?.id ?? null,
        payload: payloadOf(context(), event, installation),
      })
    },
  }
}

function isSubscribed(event: string): boolean {
  return uninvited.includes(event) || appEvents.some((subscribed) => subscribed === event)
}

function payloadOf(context: LocalGitHubContext, event: EmittedEvent, installation: Installation): Json {
  const { repository } = event
  const owner = repository && context.store.users.require(repository.ownerId)
  return {
    ...(event.action !== null && { action: event.action }),
    ...(repository && { repository: renderRepository(context, repository) }),
    ...(owner?.type === 'Organization' && { organization: renderOrganization(context, owner) }),
    sender: renderUser(context, event.sender),
    installation: {
      id: installation.id,
      node_id: Buffer.from(`023:IntegrationInstallation${installation.id}`).toString('base64'),
    },
    ...event.payload,
  }
}
