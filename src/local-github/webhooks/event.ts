import type { Installation } from '../store/installation.ts'
import type { Repository } from '../store/repository.ts'
import type { User } from '../store/user.ts'

export type Json = Record<string, unknown>

/** Something that happened; the emitter adds repository, organization, installation and sender. */
export interface EmittedEvent {
  event: string
  action: string | null
  sender: User
  repository?: Repository
  /** Only for events about an installation itself; else it is the one that sees `repository`. */
  installation?: Installation
  payload: Json
}

export interface WebhookEmitter {
  /** Queues one delivery when an app is installed there and has a webhook. Returns at once. */
  emit(event: EmittedEvent): void
}
