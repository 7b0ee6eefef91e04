import { type Repository, type Role, roles } from '../store/repository.ts'
import type { Actor } from './actor.ts'

function rank(role: Role | null): number {
  return role === null ? -1 : roles.indexOf(role)
}

/**
 * The role of an actor on a repository; `null` when they may not even see it. An installation counts as `write`
 * on its repositories: what it may do there is decided by the permission table before.
 */
export function roleOf(actor: Actor | null, repository: Repository): Role | null {
  if (actor?.kind === 'installation') {
    const granted =
      actor.installation.repositoryIds.has(repository.id) &&
      (actor.repositoryIds === null || actor.repositoryIds.has(repository.id))
    return granted ? 'write' : repository.private ? null : 'read'
  }
  const own = actor ? repository.roles.get(actor.user.id) : undefined
  return own ?? (repository.private ? null : 'read')
}

/** True when the actor has the role or a higher one. */
export function hasRole(actor: Actor | null, repository: Repository, needed: Role): boolean {
  return rank(roleOf(actor, repository)) >= rank(needed)
}

export function canSee(actor: Actor | null, repository: Repository): boolean {
  return roleOf(actor, repository) !== null
}
