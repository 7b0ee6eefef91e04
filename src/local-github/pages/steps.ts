import { addComment, editComment as changeComment } from '../actions/comments.ts'
import { editIssue as changeIssue, openIssue } from '../actions/issues.ts'
import { addLabels, removeLabel } from '../actions/labels.ts'
import { mergePull } from '../actions/merge.ts'
import type { Outcome } from '../actions/outcome.ts'
import type { MergeMethod } from '../git/host.ts'
import { type Issue, isPull } from '../store/issue.ts'
import type { Repository } from '../store/repository.ts'
import {
  atIssue,
  inRepository,
  issuePath,
  notFoundPage,
  type PageAnswer,
  refusalPage,
  repositoryPath,
  seeOther,
  type Visit,
} from './visit.ts'

/** What the forms of the pages do. Each calls the action that REST calls, as the person one has chosen to be. */

const field = (visit: Visit, name: string) => visit.form.get(name) ?? ''

function after(
  visit: Visit,
  repository: Repository,
  outcome: Outcome<unknown>,
  issue: Issue,
  anchor = '',
): PageAnswer {
  const back = issuePath(visit.context, issue)
  return outcome.ok ? seeOther(back + anchor) : refusalPage(visit, outcome, repository, back)
}

export const createIssue = inRepository(async (visit, repository) => {
  const input = { title: field(visit, 'title'), body: field(visit, 'body') }
  const outcome = await openIssue(visit.context, visit.actor, repository, input)
  const list = `${repositoryPath(visit.context, repository)}/issues`
  return outcome.ok
    ? seeOther(issuePath(visit.context, outcome.value))
    : refusalPage(visit, outcome, repository, list)
})

export const editIssue = atIssue(async (visit, repository, issue) => {
  const changes = { title: field(visit, 'title'), body: field(visit, 'body') }
  return after(visit, repository, await changeIssue(visit.context, visit.actor, issue, changes), issue)
})

export const toggleLabel = atIssue(async (visit, repository, issue) => {
  const name = field(visit, 'name')
  const { context, actor } = visit
  const adds = field(visit, 'do') !== 'remove'
  const outcome = adds
    ? await addLabels(context, actor, issue, [name])
    : await removeLabel(context, actor, issue, name)
  return after(visit, repository, outcome, issue)
})

export const setState = atIssue(async (visit, repository, issue) => {
  const wanted = field(visit, 'do')
  const changes =
    wanted === 'reopen'
      ? ({ state: 'open' } as const)
      : ({ state: 'closed', stateReason: wanted === 'not_planned' ? 'not_planned' : 'completed' } as const)
  return after(visit, repository, await changeIssue(visit.context, visit.actor, issue, changes), issue)
})

export const postComment = atIssue(async (visit, repository, issue) => {
  const outcome = await addComment(visit.context, visit.actor, issue, field(visit, 'body'))
  return after(visit, repository, outcome, issue, outcome.ok ? `#issuecomment-${outcome.value.id}` : '')
})

export const editComment = atIssue(async (visit, repository, issue) => {
  const comment = visit.context.store.comments.byId(Number(visit.params.comment))
  if (comment?.issueId !== issue.id) return notFoundPage('There is no such comment.', repository)
  const outcome = await changeComment(visit.context, visit.actor, comment, field(visit, 'body'))
  return after(visit, repository, outcome, issue, `#issuecomment-${comment.id}`)
})

const METHODS: readonly MergeMethod[] = ['merge', 'squash', 'rebase']

export const merge = atIssue(async (visit, repository, issue) => {
  if (!isPull(issue)) return notFoundPage('This is an issue, not a pull request.', repository)
  const method = METHODS.find((known) => known === field(visit, 'method'))
  const input = { sha: field(visit, 'sha'), ...(method && { method }) }
  return after(visit, repository, await mergePull(visit.context, visit.actor, issue, input), issue)
})
