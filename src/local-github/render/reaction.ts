import type { LocalGitHubContext } from '../context.ts'
import { type Reaction, type ReactionSubject, reactionContents } from '../store/reaction.ts'
import { nodeId } from '../store/table.ts'
import type { Json } from '../webhooks/event.ts'
import { time } from './time.ts'
import { renderUser } from './user.ts'

/** GitHub's `reaction`. */
export function renderReaction(context: LocalGitHubContext, reaction: Reaction): Json {
  return {
    id: reaction.id,
    node_id: nodeId('REA', reaction.id),
    user: renderUser(context, context.store.users.require(reaction.userId)),
    content: reaction.content,
    created_at: time(reaction.createdAt),
  }
}

/** GitHub's `reaction-rollup`: how many of each. */
export function renderReactionCounts(
  context: LocalGitHubContext,
  subject: ReactionSubject,
  url: string,
): Json {
  const reactions = context.store.reactions.of(subject)
  const counts = reactionContents.map((content) => [
    content,
    reactions.filter((reaction) => reaction.content === content).length,
  ])
  return { url: `${url}/reactions`, total_count: reactions.length, ...Object.fromEntries(counts) }
}
