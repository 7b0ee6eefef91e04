import { systemClock } from '../runtime/clock.ts'
import { type App, createApp } from './app.ts'
import { type ClientOptions, createClient } from './client.ts'
import { type Comments, createComments } from './comments.ts'
import { type Credentials, createCredentials } from './credentials.ts'
import { createDeliveries, type Deliveries } from './deliveries.ts'
import { createIssues, type Issues } from './issues.ts'
import { createLabels, type Labels } from './labels.ts'
import { createGate, type LimitsPort } from './limits.ts'
import { createPullRequests, type PullRequests } from './pull-requests.ts'
import { createReactions, type Reactions } from './reactions.ts'
import { createRepositories, type Repositories } from './repositories.ts'

export interface GitHubOptions extends Omit<ClientOptions, 'gate' | 'clock'> {
  /** Where repositories are cloned from, such as `https://github.com`. */
  gitUrl: string
  limits: LimitsPort
  clock?: ClientOptions['clock']
}

/** GitHub, as far as Mission Control needs it. Every method throws GitHubError and nothing else for its failures. */
export interface GitHub {
  readonly app: App
  readonly comments: Comments
  readonly credentials: Credentials
  readonly deliveries: Deliveries
  readonly issues: Issues
  readonly labels: Labels
  readonly pullRequests: PullRequests
  readonly reactions: Reactions
  readonly repositories: Repositories
}

export function createGitHub({ gitUrl, limits, clock = systemClock, ...options }: GitHubOptions): GitHub {
  const client = createClient({ ...options, clock, gate: createGate(limits, clock, options.logger) })
  return {
    app: createApp(client),
    comments: createComments(client, options.appId),
    credentials: createCredentials(client, gitUrl),
    deliveries: createDeliveries(client),
    issues: createIssues(client),
    labels: createLabels(client),
    pullRequests: createPullRequests(client),
    reactions: createReactions(client),
    repositories: createRepositories(client, clock),
  }
}
