import { done, notFound, type Outcome, refuse } from '../actions/outcome.ts'
import type { Comment } from '../store/comment.ts'
import { type Issue, isPull, type PullIssue } from '../store/issue.ts'
import type { RepositoryCall } from './call.ts'

/** The issue or pull request of the path; 410 for one that was deleted or moved. */
export function findIssue(call: RepositoryCall): Outcome<Issue> {
  const { issues } = call.context.store
  const number = Number(call.params.issue_number)
  const issue = issues.byNumber(call.repository.id, number)
  if (issue) return done(issue)
  return issues.wasRemoved(call.repository.id, number) ? refuse(410, 'This issue was deleted') : notFound()
}

/** The pull request of the path. */
export function findPull(call: RepositoryCall): Outcome<PullIssue> {
  const number = Number(call.params.pull_number)
  const issue = call.context.store.issues.byNumber(call.repository.id, number)
  return issue && isPull(issue) ? done(issue) : notFound()
}

/** The comment of the path, when it is of this repository. */
export function findComment(call: RepositoryCall): Outcome<Comment> {
  const comment = call.context.store.comments.byId(Number(call.params.comment_id))
  return comment?.repositoryId === call.repository.id ? done(comment) : notFound()
}
