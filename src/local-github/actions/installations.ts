import type { LocalGitHubContext } from '../context.ts'
import { renderInstallation } from '../render/installation.ts'
import type { Installation, Permissions } from '../store/installation.ts'
import type { Repository } from '../store/repository.ts'
import { nodeId } from '../store/table.ts'
import type { User } from '../store/user.ts'

function brief(context: LocalGitHubContext, repository: Repository) {
  return {
    id: repository.id,
    node_id: nodeId('R', repository.id),
    name: repository.name,
    full_name: context.store.repositories.fullName(repository),
    private: repository.private,
  }
}

function announceInstallation(
  context: LocalGitHubContext,
  installation: Installation,
  action: 'created' | 'deleted' | 'suspend' | 'unsuspend',
): void {
  const repositories = [...installation.repositoryIds].map((id) =>
    brief(context, context.store.repositories.require(id)),
  )
  context.webhooks.emit({
    event: 'installation',
    action,
    installation,
    sender: context.store.users.require(installation.accountId),
    payload: {
      installation: renderInstallation(context, installation),
      repositories,
      ...(action === 'created' && { requester: null }),
    },
  })
}

function announceRepositories(
  context: LocalGitHubContext,
  sender: User,
  installation: Installation,
  change: { added: readonly Repository[]; removed: readonly Repository[] },
): void {
  context.webhooks.emit({
    event: 'installation_repositories',
    action: change.added.length > 0 ? 'added' : 'removed',
    installation,
    sender,
    payload: {
      installation: renderInstallation(context, installation),
      repository_selection: 'selected',
      repositories_added: change.added.map((repository) => brief(context, repository)),
      repositories_removed: change.removed.map((repository) => brief(context, repository)),
      requester: null,
    },
  })
}

/**
 * Installs the app for one account on these repositories of it. Emits `installation.created`, or
 * `installation_repositories.added` when the account has an installation already.
 */
export function installApp(
  context: LocalGitHubContext,
  account: User,
  repositories: readonly Repository[],
  permissions: Permissions,
): Installation {
  const { installations } = context.store
  for (const repository of repositories)
    if (repository.ownerId !== account.id)
      throw new Error(`${context.store.repositories.fullName(repository)} is not of ${account.login}.`)
  const present = installations.ofAccount(account.id)
  const installation = present ?? installations.create(account.id, permissions, context.now())
  const added = repositories.filter((repository) => !installation.repositoryIds.has(repository.id))
  for (const repository of added) installation.repositoryIds.add(repository.id)
  if (!present) announceInstallation(context, installation, 'created')
  else if (added.length > 0) announceRepositories(context, account, installation, { added, removed: [] })
  return installation
}

/** Takes repositories out of an installation; emits `installation_repositories.removed`. */
export function removeFromInstallation(
  context: LocalGitHubContext,
  sender: User,
  installation: Installation,
  repositories: readonly Repository[],
): void {
  const removed = repositories.filter((repository) => installation.repositoryIds.delete(repository.id))
  if (removed.length > 0) announceRepositories(context, sender, installation, { added: [], removed })
}

/** Uninstalls the app: its tokens die at once, `installation.deleted` is the last event it gets. */
export function uninstallApp(context: LocalGitHubContext, installation: Installation): void {
  context.store.tokens.revokeInstallation(installation.id)
  announceInstallation(context, installation, 'deleted')
  context.store.installations.remove(installation)
}

/** Suspends (tokens refused, no events) or wakes an installation; emits `suspend` or `unsuspend`. */
export function setSuspended(
  context: LocalGitHubContext,
  installation: Installation,
  suspended: boolean,
): void {
  if ((installation.suspendedAt !== null) === suspended) return
  installation.suspendedAt = suspended ? context.now() : null
  installation.suspendedById = suspended ? installation.accountId : null
  installation.updatedAt = context.now()
  announceInstallation(context, installation, suspended ? 'suspend' : 'unsuspend')
}
