import type { LocalGitHubContext } from '../context.ts'
import type { Comment } from '../store/comment.ts'
import { nodeId } from '../store/table.ts'
import type { Json } from '../webhooks/event.ts'
import { association } from './association.ts'
import { performedVia } from './issue.ts'
import { renderReactionCounts } from './reaction.ts'
import { repositoryApiUrl, repositoryUrl } from './repository.ts'
import { time } from './time.ts'
import { renderUser } from './user.ts'

/** GitHub's `issue-comment`. */
export function renderComment(context: LocalGitHubContext, comment: Comment): Json {
  const { store } = context
  const repository = store.repositories.require(comment.repositoryId)
  const issue = store.issues.byId(comment.issueId)
  if (!issue) throw new Error(`The issue of comment ${comment.id} is gone.`)
  const api = repositoryApiUrl(context, repository)
  const self = `${api}/issues/comments/${comment.id}`
  const page = `${repositoryUrl(context, repository)}/${issue.pull ? 'pull' : 'issues'}/${issue.number}`
  const author = store.users.require(comment.authorId)
  return {
    url: self,
    html_url: `${page}#issuecomment-${comment.id}`,
    issue_url: `${api}/issues/${issue.number}`,
    id: comment.id,
    node_id: nodeId('IC', comment.id),
    user: renderUser(context, author),
    created_at: time(comment.createdAt),
    updated_at: time(comment.updatedAt),
    body: comment.body,
    author_association: association(context, repository, comment.authorId),
    reactions: renderReactionCounts(context, { kind: 'comment', id: comment.id }, self),
    performed_via_github_app: performedVia(context, author),
  }
}
