import { editIssue, type IssueChanges, openIssue } from '../actions/issues.ts'
import { setLocked } from '../actions/locking.ts'
import { renderIssue } from '../render/issue.ts'
import type { Issue, LockReason, StateReason } from '../store/issue.ts'
import {
  type Area,
  answer,
  bodyOf,
  created,
  names,
  noContent,
  ok,
  type RepositoryCall,
  text,
  type WriteCall,
} from './call.ts'
import { findIssue } from './find.ts'
import { byTime, paged } from './paging.ts'

function matches(call: RepositoryCall, issue: Issue): boolean {
  const { labels, users } = call.context.store
  const { state = 'open', creator, assignee, since, labels: wanted } = call.query
  const login = (id: number) => users.require(id).login.toLowerCase()
  const same = (value: unknown, id: number) => String(value).toLowerCase() === login(id)
  const present = issue.labelIds.map((id) => labels.require(id).name.toLowerCase())
  const assigned =
    assignee === undefined ||
    (assignee === 'none' && issue.assigneeIds.length === 0) ||
    (assignee === '*' && issue.assigneeIds.length > 0) ||
    issue.assigneeIds.some((id) => same(assignee, id))
  return (
    (state === 'all' || issue.state === state) &&
    (creator === undefined || same(creator, issue.authorId)) &&
    assigned &&
    (since === undefined || issue.updatedAt.getTime() >= Date.parse(String(since))) &&
    String(wanted ?? '')
      .split(',')
      .every((name) => name.trim() === '' || present.includes(name.trim().toLowerCase()))
  )
}

function list(call: RepositoryCall) {
  const { context, query, repository } = call
  const rows = context.store.issues.inRepository(repository.id).filter((issue) => matches(call, issue))
  const time = (issue: Issue) => (query.sort === 'updated' ? issue.updatedAt : issue.createdAt)
  return paged(call, byTime(rows, time, query.direction), (issue) => renderIssue(context, issue))
}

function create(call: WriteCall) {
  const { actor, context, repository } = call
  const body = bodyOf(call)
  const opened = openIssue(context, actor, repository, {
    title: text(body.title) ?? '',
    body: text(body.body) ?? null,
    labels: names(body.labels) ?? [],
    assignees: assigneesOf(body) ?? [],
  })
  return answer(opened, (issue) => created(renderIssue(context, issue)))
}

function assigneesOf(body: Readonly<Record<string, unknown>>): string[] | undefined {
  const one = text(body.assignee)
  return names(body.assignees) ?? (one === undefined ? undefined : [one])
}

function changesOf(call: WriteCall): IssueChanges {
  const body = bodyOf(call)
  const [title, labels, assignees] = [text(body.title), names(body.labels), assigneesOf(body)]
  const state = body.state as 'open' | 'closed' | undefined
  const reason = body.state_reason as StateReason | null | undefined
  return {
    ...(title !== undefined && { title }),
    ...(body.body !== undefined && { body: text(body.body) ?? null }),
    ...(state && { state }),
    ...(reason !== undefined && { stateReason: reason }),
    ...(labels && { labels }),
    ...(assignees && { assignees }),
  }
}

function update(call: WriteCall) {
  const { actor, context } = call
  const found = findIssue(call)
  if (!found.ok) return found
  return answer(editIssue(context, actor, found.value, changesOf(call)), (issue) =>
    ok(renderIssue(context, issue)),
  )
}

function lock(call: WriteCall, locked: { reason: LockReason | null } | null) {
  const found = findIssue(call)
  return found.ok ? answer(setLocked(call.context, call.actor, found.value, locked), noContent) : found
}

/** Issues; pull requests are among them, as on GitHub. */
export const issuesArea: Area = {
  reads: {
    'issues/list-for-repo': list,
    'issues/get': (call) => answer(findIssue(call), (issue) => ok(renderIssue(call.context, issue))),
  },
  writes: {
    'issues/create': create,
    'issues/update': update,
    'issues/lock': (call) => {
      const { lock_reason: reason = null } = bodyOf(call) as { lock_reason?: LockReason }
      return lock(call, { reason })
    },
    'issues/unlock': (call) => lock(call, null),
  },
}
