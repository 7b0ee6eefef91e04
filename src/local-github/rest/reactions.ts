import { done, notFound, type Outcome } from '../actions/outcome.ts'
import { addReaction, removeReaction } from '../actions/reactions.ts'
import { renderReaction } from '../render/reaction.ts'
import type { ReactionContent, ReactionSubject } from '../store/reaction.ts'
import { type Area, answer, bodyOf, noContent, type RepositoryCall, type WriteCall } from './call.ts'
import { findComment, findIssue } from './find.ts'
import { paged } from './paging.ts'

type Finder = (call: RepositoryCall) => Outcome<ReactionSubject>

const ofIssue: Finder = (call) => {
  const found = findIssue(call)
  return found.ok ? done({ kind: 'issue', id: found.value.id }) : found
}

const ofComment: Finder = (call) => {
  const found = findComment(call)
  return found.ok ? done({ kind: 'comment', id: found.value.id }) : found
}

const list = (find: Finder) => (call: RepositoryCall) =>
  answer(find(call), (subject) => {
    const { content } = call.query
    const rows = call.context.store.reactions
      .of(subject)
      .filter((reaction) => content === undefined || reaction.content === content)
    return paged(call, rows, (reaction) => renderReaction(call.context, reaction))
  })

const create = (find: Finder) => (call: WriteCall) => {
  const { actor, context, repository } = call
  const subject = find(call)
  if (!subject.ok) return subject
  const content = bodyOf(call).content as ReactionContent
  return answer(addReaction(context, actor, repository, subject.value, content), (added) => ({
    status: added.created ? 201 : 200,
    body: renderReaction(context, added.reaction),
  }))
}

const remove = (find: Finder) => (call: WriteCall) => {
  const { actor, context, params, repository } = call
  const subject = find(call)
  if (!subject.ok) return subject
  const reaction = context.store.reactions.byId(Number(params.reaction_id))
  if (!reaction || reaction.subject.id !== subject.value.id) return notFound()
  return answer(removeReaction(context, actor, repository, reaction), noContent)
}

/** Reactions to issues and to comments. */
export const reactionsArea: Area = {
  reads: {
    'reactions/list-for-issue': list(ofIssue),
    'reactions/list-for-issue-comment': list(ofComment),
  },
  writes: {
    'reactions/create-for-issue': create(ofIssue),
    'reactions/create-for-issue-comment': create(ofComment),
    'reactions/delete-for-issue': remove(ofIssue),
    'reactions/delete-for-issue-comment': remove(ofComment),
  },
}
