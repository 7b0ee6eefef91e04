import type { AppRegistration, LocalGitHubContext } from '../context.ts'
import type { Installation, Permissions } from '../store/installation.ts'
import { nodeId } from '../store/table.ts'
import type { Json } from '../webhooks/event.ts'
import { time } from './time.ts'
import { renderUser } from './user.ts'

/** Events that the app subscribes to; those about installations come without asking. */
export const appEvents = [
  'create',
  'delete',
  'issue_comment',
  'issues',
  'label',
  'pull_request',
  'push',
  'repository',
] as const

/** GitHub's `installation`. */
export function renderInstallation(context: LocalGitHubContext, installation: Installation): Json {
  const { app, addresses, store } = context
  const account = store.users.require(installation.accountId)
  const { suspendedById, suspendedAt } = installation
  return {
    id: installation.id,
    client_id: app.clientId,
    account: renderUser(context, account),
    repository_selection: 'selected',
    access_tokens_url: `${addresses.apiUrl}/app/installations/${installation.id}/access_tokens`,
    repositories_url: `${addresses.apiUrl}/installation/repositories`,
    html_url: `${addresses.url}/settings/installations/${installation.id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: installation.permissions,
    events: [...appEvents],
    created_at: time(installation.createdAt),
    updated_at: time(installation.updatedAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: suspendedById === null ? null : renderUser(context, store.users.require(suspendedById)),
    suspended_at: suspendedAt && time(suspendedAt),
  }
}

/** GitHub's `integration`, the answer of `GET /app`. */
export function renderApp(context: LocalGitHubContext, app: AppRegistration, permissions: Permissions): Json {
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId('A', app.id),
    client_id: app.clientId,
    owner: renderUser(context, context.store.users.require(app.ownerId)),
    name: app.name,
    description: null,
    external_url: context.addresses.url,
    html_url: `${context.addresses.url}/apps/${app.slug}`,
    created_at: time(app.createdAt),
    updated_at: time(app.createdAt),
    permissions,
    events: [...appEvents],
    installations_count: context.store.installations.all().length,
  }
}
