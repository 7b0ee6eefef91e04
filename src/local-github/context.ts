import type { GitHost } from './git/host.ts'
import type { Store } from './store/store.ts'
import type { User } from './store/user.ts'
import type { WebhookEmitter } from './webhooks/event.ts'

/** The app as GitHub knows it. */
export interface AppRegistration {
  id: number
  clientId: string
  slug: 'mission-control'
  name: string
  ownerId: number
  bot: User
  createdAt: Date
}

interface Addresses {
  /** Origin, no slash at the end; the web pages and git live here. */
  url: string
  /** Base of the REST API. */
  apiUrl: string
}

/** What actions, REST handlers and pages work with. */
export interface LocalGitHubContext {
  app: AppRegistration
  addresses: Addresses
  store: Store
  git: GitHost
  webhooks: WebhookEmitter
  now(): Date
}
