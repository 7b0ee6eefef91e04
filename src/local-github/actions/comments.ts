import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import { renderComment } from '../render/comment.ts'
import { renderIssue } from '../render/issue.ts'
import type { Comment } from '../store/comment.ts'
import type { Issue } from '../store/issue.ts'
import type { Repository } from '../store/repository.ts'
import type { Json } from '../webhooks/event.ts'
import { commentProblems } from './limits.ts'
import { done, invalid, isArchived, needsAdmin, notFound, type Outcome, refuseWith } from './outcome.ts'

function issueOf(context: LocalGitHubContext, comment: Comment): Issue {
  const issue = context.store.issues.byId(comment.issueId)
  if (!issue) throw new Error(`The issue of comment ${comment.id} is gone.`)
  return issue
}

function announceComment(
  context: LocalGitHubContext,
  actor: Actor,
  comment: Comment,
  action: 'created' | 'edited' | 'deleted',
  extra: Json = {},
): void {
  context.webhooks.emit({
    event: 'issue_comment',
    action,
    repository: context.store.repositories.require(comment.repositoryId),
    sender: actor.user,
    payload: {
      issue: renderIssue(context, issueOf(context, comment)),
      comment: renderComment(context, comment),
      ...extra,
    },
  })
}

const lockingDocs = 'https://docs.github.com/articles/locking-conversations/'

/** Apps may not, whatever their permissions: https://github.com/probot/stale/issues/25. */
function maySpeakWhenLocked(actor: Actor, repository: Repository): boolean {
  return actor.kind === 'user' && hasRole(actor, repository, 'write')
}

/** Comments on an issue or a pull request; whoever sees the repository may, unless the issue is locked. */
export async function addComment(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  body: string,
): Promise<Outcome<Comment>> {
  const repository = context.store.repositories.require(issue.repositoryId)
  if (!canSee(actor, repository)) return notFound()
  if (repository.archived) return isArchived()
  if (issue.locked && !maySpeakWhenLocked(actor, repository))
    return refuseWith(lockingDocs, 403, 'Unable to create comment because issue is locked.')
  const problems = commentProblems(body)
  if (problems.length > 0) return invalid(...problems)
  const comment = context.store.comments.create(
    { repositoryId: repository.id, issueId: issue.id, authorId: actor.user.id, body },
    context.now(),
  )
  issue.updatedAt = comment.createdAt
  announceComment(context, actor, comment, 'created')
  return done(comment)
}

/** Edits a comment; its author or write. Emits `edited` with the text before. */
export async function editComment(
  context: LocalGitHubContext,
  actor: Actor,
  comment: Comment,
  body: string,
): Promise<Outcome<Comment>> {
  const refusal = changeRefusal(context, actor, comment)
  if (refusal) return refusal
  const problems = commentProblems(body)
  if (problems.length > 0) return invalid(...problems)
  if (body === comment.body) return done(comment)
  const changes = { body: { from: comment.body } }
  comment.body = body
  comment.updatedAt = context.now()
  issueOf(context, comment).updatedAt = comment.updatedAt
  announceComment(context, actor, comment, 'edited', { changes })
  return done(comment)
}

/** Deletes a comment; its author or write. */
export async function deleteComment(
  context: LocalGitHubContext,
  actor: Actor,
  comment: Comment,
): Promise<Outcome<null>> {
  const refusal = changeRefusal(context, actor, comment)
  if (refusal) return refusal
  context.store.comments.remove(comment)
  announceComment(context, actor, comment, 'deleted')
  return done(null)
}

function changeRefusal(context: LocalGitHubContext, actor: Actor, comment: Comment) {
  const repository = context.store.repositories.require(comment.repositoryId)
  if (!canSee(actor, repository)) return notFound()
  if (repository.archived) return isArchived()
  if (comment.authorId === actor.user.id || hasRole(actor, repository, 'write')) return null
  return needsAdmin()
}
