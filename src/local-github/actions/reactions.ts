import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import type { Reaction, ReactionContent, ReactionSubject } from '../store/reaction.ts'
import type { Repository } from '../store/repository.ts'
import { done, isArchived, needsAdmin, notFound, type Outcome } from './outcome.ts'

/** Reacts once per content; a second time answers with the first (`created: false`). GitHub sends no event. */
export function addReaction(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  subject: ReactionSubject,
  content: ReactionContent,
): Outcome<{ reaction: Reaction; created: boolean }> {
  if (!canSee(actor, repository)) return notFound()
  if (repository.archived) return isArchived()
  const { reactions } = context.store
  const present = reactions
    .of(subject)
    .find((reaction) => reaction.userId === actor.user.id && reaction.content === content)
  if (present) return done({ reaction: present, created: false })
  const reaction = reactions.create({ subject, userId: actor.user.id, content, createdAt: context.now() })
  return done({ reaction, created: true })
}

/** Takes a reaction back; one's own, or anybody's with write. */
export function removeReaction(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  reaction: Reaction,
): Outcome<null> {
  if (!canSee(actor, repository)) return notFound()
  if (reaction.userId !== actor.user.id && !hasRole(actor, repository, 'write')) return needsAdmin()
  context.store.reactions.remove(reaction)
  return done(null)
}
