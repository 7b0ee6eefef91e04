import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import { renderUser } from '../render/user.ts'
import type { Repository, Role } from '../store/repository.ts'
import type { User } from '../store/user.ts'
import { removeFromInstallation } from './installations.ts'
import { done, needsAdmin, notFound, type Outcome } from './outcome.ts'
import { announceRepository, moveRepository, nameRefusal } from './repositories.ts'

function adminRefusal(actor: Actor, repository: Repository) {
  if (!canSee(actor, repository)) return notFound()
  return hasRole(actor, repository, 'admin') ? null : needsAdmin()
}

/**
 * Gives a repository to another account; needs admin. Emits `repository.transferred`, and
 * `installation_repositories.removed` to the app: it was installed by the owner before.
 */
export async function transferRepository(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  to: { owner: User; name?: string },
): Promise<Outcome<Repository>> {
  const name = to.name ?? repository.name
  const refusal = adminRefusal(actor, repository) ?? nameRefusal(context, to.owner, name)
  if (refusal) return refusal
  const { installations, users } = context.store
  const owner = users.require(repository.ownerId)
  const installation = installations.ofRepository(repository.id)
  await moveRepository(context, repository, { ownerId: to.owner.id, name })
  repository.roles.set(to.owner.id, 'admin')
  const kind = owner.type === 'Organization' ? 'organization' : 'user'
  const from = { [kind]: renderUser(context, owner) }
  announceRepository(context, actor, repository, 'transferred', { changes: { owner: { from } } })
  if (installation) removeFromInstallation(context, actor.user, installation, [repository])
  return done(repository)
}

/** Deletes a repository with its git data; needs admin. */
export async function deleteRepository(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
): Promise<Outcome<null>> {
  const refusal = adminRefusal(actor, repository)
  if (refusal) return refusal
  const { installations, repositories } = context.store
  const installation = installations.ofRepository(repository.id)
  announceRepository(context, actor, repository, 'deleted')
  if (installation) removeFromInstallation(context, actor.user, installation, [repository])
  const fullName = repositories.fullName(repository)
  repositories.remove(repository)
  await context.git.remove(fullName)
  return done(null)
}

/** Gives somebody a role on a repository, or takes it away with `null`; needs admin. */
export function setCollaborator(
  actor: Actor,
  repository: Repository,
  user: User,
  role: Role | null,
): Outcome<null> {
  const refusal = adminRefusal(actor, repository)
  if (refusal) return refusal
  if (role === null) repository.roles.delete(user.id)
  else repository.roles.set(user.id, role)
  return done(null)
}
