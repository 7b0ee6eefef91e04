import { addComment, deleteComment, editComment } from '../actions/comments.ts'
import { renderComment } from '../render/comment.ts'
import type { Comment } from '../store/comment.ts'
import {
  type Area,
  answer,
  bodyOf,
  created,
  noContent,
  ok,
  type RepositoryCall,
  text,
  type WriteCall,
} from './call.ts'
import { findComment, findIssue } from './find.ts'
import { byTime, paged } from './paging.ts'

function since(call: RepositoryCall, rows: readonly Comment[]): Comment[] {
  const from = call.query.since
  return rows.filter(
    (comment) => from === undefined || comment.updatedAt.getTime() >= Date.parse(String(from)),
  )
}

function listOfIssue(call: RepositoryCall) {
  const { context } = call
  return answer(findIssue(call), (issue) =>
    paged(call, since(call, context.store.comments.ofIssue(issue.id)), (row) => renderComment(context, row)),
  )
}

function listOfRepository(call: RepositoryCall) {
  const { context, query, repository } = call
  const rows = since(call, context.store.comments.inRepository(repository.id))
  const time = (row: Comment) => (query.sort === 'updated' ? row.updatedAt : row.createdAt)
  const direction = query.direction ?? 'asc'
  return paged(call, byTime(rows, time, direction), (row) => renderComment(context, row))
}

function create(call: WriteCall) {
  const { actor, context } = call
  const found = findIssue(call)
  if (!found.ok) return found
  const added = addComment(context, actor, found.value, text(bodyOf(call).body) ?? '')
  return answer(added, (comment) => created(renderComment(context, comment)))
}

function update(call: WriteCall) {
  const { actor, context } = call
  const found = findComment(call)
  if (!found.ok) return found
  const edited = editComment(context, actor, found.value, text(bodyOf(call).body) ?? '')
  return answer(edited, (comment) => ok(renderComment(context, comment)))
}

function remove(call: WriteCall) {
  const found = findComment(call)
  return found.ok ? answer(deleteComment(call.context, call.actor, found.value), noContent) : found
}

/** Comments on issues and pull requests. */
export const commentsArea: Area = {
  reads: {
    'issues/list-comments': listOfIssue,
    'issues/list-comments-for-repo': listOfRepository,
    'issues/get-comment': (call) =>
      answer(findComment(call), (comment) => ok(renderComment(call.context, comment))),
  },
  writes: {
    'issues/create-comment': create,
    'issues/update-comment': update,
    'issues/delete-comment': remove,
  },
}
