import type { Kysely } from 'kysely'
import type { Database } from '../../src/db/schema.ts'
import type { ServerKeys } from '../../src/runtime/keys.ts'
import type { GitHubEvent } from '../github-events.ts'

/** What the checks look at, all of it from outside of the servers and runners. */
export interface Subject {
  readonly db: Kysely<Database>
  readonly keys: ServerKeys
  readonly leaseMs: number
  /** Where tokens of sessions are tried. */
  readonly gatewayUrl: string
  readonly agents: readonly AgentPlace[]
  readonly repositories: readonly string[]
  /** The issues that were labelled. */
  asked(): readonly { repository: string; number: number }[]
  readonly github: {
    events(after: number): Promise<GitHubEvent[]>
    /** Reads the REST API as a person; throws when it is refused. */
    read(path: string): Promise<unknown>
  }
}

export interface AgentPlace {
  readonly name: string
  readonly workDir: string
  /** Since when its runner runs without a break, in milliseconds since the epoch; null while it does not. */
  runsSince(): number | null
}

/** How a task is named in reports. */
export const nameOf = (repository: string, number: number): string => `${repository}#${number}`
