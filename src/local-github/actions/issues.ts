import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import { renderLabel } from '../render/label.ts'
import { renderUser } from '../render/user.ts'
import { type Issue, isPull, type StateReason } from '../store/issue.ts'
import type { Repository } from '../store/repository.ts'
import { announce } from './announce.ts'
import { closeIssue, reopenIssue } from './issue-state.ts'
import { labelsNamed, replaceLabels } from './labels.ts'
import { textProblems } from './limits.ts'
import { done, invalid, isArchived, needsAdmin, notFound, type Outcome } from './outcome.ts'
import { reopenProblem } from './pull-state.ts'

export interface IssueInput {
  title: string
  body?: string | null
  /** Dropped in silence when the actor has no triage right, as GitHub does. */
  labels?: string[]
  assignees?: string[]
  /** Labels that an issue form adds, whatever the rights of the person who sends it. */
  formLabels?: string[]
}

export interface IssueChanges {
  title?: string
  body?: string | null
  state?: 'open' | 'closed'
  stateReason?: StateReason | null
  labels?: string[]
  assignees?: string[]
}

/** Opens an issue; emits `issues.opened`, then `labeled` and `assigned`. */
export async function openIssue(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  input: IssueInput,
): Promise<Outcome<Issue>> {
  if (!canSee(actor, repository)) return notFound()
  if (repository.archived) return isArchived()
  const problems = textProblems('Issue', input)
  if (problems.length > 0) return invalid(...problems)
  const triage = hasRole(actor, repository, 'triage')
  const labels = labelsNamed(context, actor, repository, [
    ...(triage ? (input.labels ?? []) : []),
    ...(input.formLabels ?? []),
  ])
  if (!labels.ok) return labels
  const issue = createIssue(context, actor, repository, input)
  issue.labelIds = labels.value.map((label) => label.id)
  issue.assigneeIds = triage ? accountIds(context, input.assignees ?? []) : []
  await announce(context, actor, issue, 'opened')
  for (const label of labels.value)
    await announce(context, actor, issue, 'labeled', { label: renderLabel(context, label) })
  await announceAssignees(context, actor, issue, [])
  return done(issue)
}

function createIssue(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  input: IssueInput,
): Issue {
  repository.lastNumber += 1
  return context.store.issues.create(
    {
      repositoryId: repository.id,
      number: repository.lastNumber,
      title: input.title,
      body: input.body ?? null,
      authorId: actor.user.id,
      pull: null,
    },
    context.now(),
  )
}

function accountIds(context: LocalGitHubContext, logins: readonly string[]): number[] {
  const found = logins.flatMap((login) => context.store.users.byLogin(login)?.id ?? [])
  return [...new Set(found)].slice(0, 10)
}

async function announceAssignees(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  before: readonly number[],
): Promise<void> {
  const after = issue.assigneeIds
  const changes = [
    ...after.filter((id) => !before.includes(id)).map((id) => ['assigned', id] as const),
    ...before.filter((id) => !after.includes(id)).map((id) => ['unassigned', id] as const),
  ]
  for (const [action, id] of changes)
    await announce(context, actor, issue, action, {
      assignee: renderUser(context, context.store.users.require(id)),
    })
}

/**
 * Changes an issue or a pull request. Title and body need its author or write; the state its author or triage;
 * labels and assignees triage, and are dropped in silence without it. Emits `edited` with `changes`, then labels,
 * then `closed` or `reopened`.
 */
export async function editIssue(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  changes: IssueChanges,
): Promise<Outcome<Issue>> {
  const repository = context.store.repositories.require(issue.repositoryId)
  if (!canSee(actor, repository)) return notFound()
  if (repository.archived) return isArchived()
  const refusal = editRefusal(actor, repository, issue, changes)
  if (refusal) return refusal
  const triage = hasRole(actor, repository, 'triage')
  const labels =
    triage && changes.labels ? labelsNamed(context, actor, repository, changes.labels) : undefined
  if (labels?.ok === false) return labels
  if (changes.state === 'open' && isPull(issue)) {
    const problem = await reopenProblem(context, issue)
    if (problem) return problem
  }
  await editText(context, actor, issue, changes)
  if (labels) await replaceLabels(context, actor, issue, labels.value)
  if (triage && changes.assignees) {
    const before = issue.assigneeIds
    issue.assigneeIds = accountIds(context, changes.assignees)
    await announceAssignees(context, actor, issue, before)
  }
  await editState(context, actor, issue, changes)
  return done(issue)
}

function editRefusal(actor: Actor, repository: Repository, issue: Issue, changes: IssueChanges) {
  const own = issue.authorId === actor.user.id
  const text = changes.title !== undefined || changes.body !== undefined
  if (text && !own && !hasRole(actor, repository, 'write')) return needsAdmin()
  if (changes.state !== undefined && !own && !hasRole(actor, repository, 'triage')) return needsAdmin()
  const other = changes.labels !== undefined || changes.assignees !== undefined
  if (other && !own && !hasRole(actor, repository, 'triage')) return needsAdmin()
  const problems = textProblems(issue.pull ? 'PullRequest' : 'Issue', changes)
  return problems.length > 0 ? invalid(...problems) : null
}

async function editText(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  changes: IssueChanges,
): Promise<void> {
  const from: Record<string, { from: string }> = {}
  if (changes.title !== undefined && changes.title !== issue.title) {
    from.title = { from: issue.title }
    issue.title = changes.title
  }
  if (changes.body !== undefined && changes.body !== issue.body) {
    from.body = { from: issue.body ?? '' }
    issue.body = changes.body
  }
  if (Object.keys(from).length === 0) return
  issue.updatedAt = context.now()
  await announce(context, actor, issue, 'edited', { changes: from })
}

async function editState(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  changes: IssueChanges,
): Promise<void> {
  const state = changes.state ?? issue.state
  if (state === 'closed') {
    const reason = changes.stateReason ?? 'completed'
    if (issue.state === 'open') await closeIssue(context, actor, issue, reason)
    else if (!issue.pull && changes.stateReason) issue.stateReason = changes.stateReason
  } else if (issue.state === 'closed') await reopenIssue(context, actor, issue)
}
