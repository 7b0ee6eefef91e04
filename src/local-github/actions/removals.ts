import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import { renderIssue } from '../render/issue.ts'
import { renderRepository } from '../render/repository.ts'
import type { Issue } from '../store/issue.ts'
import type { Repository } from '../store/repository.ts'
import { announce } from './announce.ts'
import { done, needsAdmin, notFound, type Outcome, refuse } from './outcome.ts'

/** Deletes an issue for good (GitHub offers this on its pages only); needs admin. Emits `issues.deleted`. */
export async function deleteIssue(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
): Promise<Outcome<null>> {
  const repository = context.store.repositories.require(issue.repositoryId)
  if (!canSee(actor, repository)) return notFound()
  if (!hasRole(actor, repository, 'admin')) return needsAdmin()
  if (issue.pull) return refuse(422, 'Pull requests cannot be deleted.')
  await announce(context, actor, issue, 'deleted')
  removeIssue(context, issue)
  return done(null)
}

function removeIssue(context: LocalGitHubContext, issue: Issue): void {
  for (const comment of context.store.comments.ofIssue(issue.id)) context.store.comments.remove(comment)
  context.store.issues.remove(issue)
}

/**
 * Moves an issue to another repository of the same owner (pages only, too); needs write on both. Emits
 * `issues.transferred` in the old repository and `issues.opened` in the new one.
 */
export async function transferIssue(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  target: Repository,
): Promise<Outcome<Issue>> {
  const { store } = context
  const source = store.repositories.require(issue.repositoryId)
  if (!canSee(actor, source) || !canSee(actor, target)) return notFound()
  if (!hasRole(actor, source, 'write') || !hasRole(actor, target, 'write')) return needsAdmin()
  if (issue.pull || source.ownerId !== target.ownerId) return refuse(422, 'This issue cannot be transferred.')
  const moved = copyIssue(context, issue, target)
  const [before, after] = [renderIssue(context, issue), renderIssue(context, moved)]
  await announce(context, actor, issue, 'transferred', {
    changes: { new_issue: after, new_repository: renderRepository(context, target) },
  })
  await announce(context, actor, moved, 'opened', {
    changes: { old_issue: before, old_repository: renderRepository(context, source) },
  })
  removeIssue(context, issue)
  return done(moved)
}

function copyIssue(context: LocalGitHubContext, issue: Issue, target: Repository): Issue {
  const { store } = context
  target.lastNumber += 1
  const moved = store.issues.create(
    {
      repositoryId: target.id,
      number: target.lastNumber,
      title: issue.title,
      body: issue.body,
      authorId: issue.authorId,
      pull: null,
    },
    issue.createdAt,
  )
  for (const comment of store.comments.ofIssue(issue.id))
    store.comments.create(
      { repositoryId: target.id, issueId: moved.id, authorId: comment.authorId, body: comment.body },
      comment.createdAt,
    )
  return moved
}
