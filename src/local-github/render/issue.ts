import type { LocalGitHubContext } from '../context.ts'
import type { Issue } from '../store/issue.ts'
import type { Repository } from '../store/repository.ts'
import { nodeId } from '../store/table.ts'
import type { User } from '../store/user.ts'
import type { Json } from '../webhooks/event.ts'
import { association } from './association.ts'
import { renderLabel } from './label.ts'
import { renderReactionCounts } from './reaction.ts'
import { repositoryApiUrl, repositoryUrl } from './repository.ts'
import { time } from './time.ts'
import { renderUser } from './user.ts'

/** What an issue and a pull request show alike: text, people, labels, state and times. */
export function renderCommon(context: LocalGitHubContext, repository: Repository, issue: Issue): Json {
  const { store } = context
  const assignees = issue.assigneeIds.map((id) => renderUser(context, store.users.require(id)))
  return {
    number: issue.number,
    state: issue.state,
    locked: issue.locked !== null,
    active_lock_reason: issue.locked?.reason ?? null,
    title: issue.title,
    user: renderUser(context, store.users.require(issue.authorId)),
    body: issue.body,
    labels: issue.labelIds.map((id) => renderLabel(context, store.labels.require(id))),
    milestone: null,
    assignee: assignees[0] ?? null,
    assignees,
    comments: store.comments.ofIssue(issue.id).length,
    created_at: time(issue.createdAt),
    updated_at: time(issue.updatedAt),
    closed_at: issue.closedAt && time(issue.closedAt),
    author_association: association(context, repository, issue.authorId),
  }
}

function pullLinks(context: LocalGitHubContext, repository: Repository, issue: Issue): Json {
  if (!issue.pull) return {}
  const page = `${repositoryUrl(context, repository)}/pull/${issue.number}`
  return {
    draft: issue.pull.draft,
    pull_request: {
      url: `${repositoryApiUrl(context, repository)}/pulls/${issue.number}`,
      html_url: page,
      diff_url: `${page}.diff`,
      patch_url: `${page}.patch`,
      merged_at: issue.pull.merged && time(issue.pull.merged.at),
    },
  }
}

/** The app that wrote something, when it was the app's bot. */
export function performedVia(context: LocalGitHubContext, author: User): Json | null {
  if (author.id !== context.app.bot.id) return null
  const { app, addresses, store } = context
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId('A', app.id),
    client_id: app.clientId,
    owner: renderUser(context, store.users.require(app.ownerId)),
    name: app.name,
    description: null,
    external_url: addresses.url,
    html_url: `${addresses.url}/apps/${app.slug}`,
    created_at: time(app.createdAt),
    updated_at: time(app.createdAt),
    permissions: {},
    events: [],
  }
}

/** GitHub's `issue`; a pull request shows its issue side with `pull_request` links. */
export function renderIssue(context: LocalGitHubContext, issue: Issue): Json {
  const { store } = context
  const repository = store.repositories.require(issue.repositoryId)
  const self = `${repositoryApiUrl(context, repository)}/issues/${issue.number}`
  const kind = issue.pull ? 'pull' : 'issues'
  return {
    url: self,
    repository_url: repositoryApiUrl(context, repository),
    labels_url: `${self}/labels{/name}`,
    comments_url: `${self}/comments`,
    events_url: `${self}/events`,
    html_url: `${repositoryUrl(context, repository)}/${kind}/${issue.number}`,
    id: issue.id,
    node_id: issue.pull ? nodeId('PR', issue.pull.id) : nodeId('I', issue.id),
    ...renderCommon(context, repository, issue),
    ...pullLinks(context, repository, issue),
    closed_by: issue.closedById === null ? null : renderUser(context, store.users.require(issue.closedById)),
    reactions: renderReactionCounts(context, { kind: 'issue', id: issue.id }, self),
    timeline_url: `${self}/timeline`,
    performed_via_github_app: performedVia(context, store.users.require(issue.authorId)),
    state_reason: issue.stateReason,
  }
}
