import { addLabels, createLabel, removeLabel, setLabels } from '../actions/labels.ts'
import { notFound } from '../actions/outcome.ts'
import { renderLabel } from '../render/label.ts'
import type { Issue } from '../store/issue.ts'
import {
  type Answer,
  type Area,
  answer,
  bodyOf,
  created,
  names,
  ok,
  type RepositoryCall,
  text,
  type WriteCall,
} from './call.ts'
import { findIssue } from './find.ts'
import { paged } from './paging.ts'

function labelsOf(call: RepositoryCall, issue: Issue) {
  return issue.labelIds.map((id) => call.context.store.labels.require(id))
}

function showLabels(call: RepositoryCall, issue: Issue): Answer {
  return ok(labelsOf(call, issue).map((label) => renderLabel(call.context, label)))
}

function change(call: WriteCall, action: typeof addLabels) {
  const found = findIssue(call)
  if (!found.ok) return found
  const wanted = names(bodyOf(call).labels) ?? []
  return answer(action(call.context, call.actor, found.value, wanted), () => showLabels(call, found.value))
}

function remove(call: WriteCall) {
  const found = findIssue(call)
  if (!found.ok) return found
  const removed = removeLabel(call.context, call.actor, found.value, call.params.name ?? '')
  return answer(removed, () => showLabels(call, found.value))
}

function create(call: WriteCall) {
  const { actor, context, repository } = call
  const body = bodyOf(call)
  const [color, description] = [text(body.color), text(body.description)]
  const made = createLabel(context, actor, repository, {
    name: String(body.name),
    ...(color !== undefined && { color }),
    ...(description !== undefined && { description }),
  })
  return answer(made, (label) => created(renderLabel(context, label)))
}

/** Labels of repositories and of issues. */
export const labelsArea: Area = {
  reads: {
    'issues/list-labels-for-repo': (call) =>
      paged(call, call.context.store.labels.inRepository(call.repository.id), (label) =>
        renderLabel(call.context, label),
      ),
    'issues/get-label': ({ context, params, repository }) => {
      const label = context.store.labels.byName(repository.id, params.name ?? '')
      return label ? ok(renderLabel(context, label)) : notFound()
    },
    'issues/list-labels-on-issue': (call) =>
      answer(findIssue(call), (issue) =>
        paged(call, labelsOf(call, issue), (label) => renderLabel(call.context, label)),
      ),
  },
  writes: {
    'issues/add-labels': (call) => change(call, addLabels),
    'issues/set-labels': (call) => change(call, setLabels),
    'issues/remove-label': remove,
    'issues/create-label': create,
  },
}
