import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import type { Issue, LockReason } from '../store/issue.ts'
import { announce } from './announce.ts'
import { done, isArchived, needsAdmin, notFound, type Outcome } from './outcome.ts'

/** Locks (with a reason, or `null` for none) or unlocks a conversation; needs write. Emits `locked` or `unlocked`. */
export async function setLocked(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  locked: { reason: LockReason | null } | null,
): Promise<Outcome<null>> {
  const repository = context.store.repositories.require(issue.repositoryId)
  if (!canSee(actor, repository)) return notFound()
  if (repository.archived) return isArchived()
  if (!hasRole(actor, repository, 'write')) return needsAdmin()
  const changes = (issue.locked === null) !== (locked === null)
  issue.locked = locked
  if (!changes) return done(null)
  issue.updatedAt = context.now()
  await announce(context, actor, issue, locked ? 'locked' : 'unlocked')
  return done(null)
}
