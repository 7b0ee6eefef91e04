import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import { renderLabel } from '../render/label.ts'
import type { Issue } from '../store/issue.ts'
import type { Label } from '../store/label.ts'
import type { Repository } from '../store/repository.ts'
import { announce } from './announce.ts'
import { labelProblems } from './limits.ts'
import { done, invalid, isArchived, needsAdmin, notFound, type Outcome, refuse } from './outcome.ts'

export interface LabelInput {
  name: string
  /** Six hexadecimal digits without `#`. */
  color?: string
  description?: string | null
}

const defaultColor = 'ededed'

function insertLabel(context: LocalGitHubContext, actor: Actor, repository: Repository, input: LabelInput) {
  const label = context.store.labels.create({
    repositoryId: repository.id,
    name: input.name,
    color: (input.color ?? defaultColor).toLowerCase(),
    description: input.description ?? null,
    default: false,
  })
  context.webhooks.emit({
    event: 'label',
    action: 'created',
    repository,
    sender: actor.user,
    payload: { label: renderLabel(context, label) },
  })
  return label
}

/** The labels with these names, made where they are missing; each once. */
export function labelsNamed(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  names: readonly string[],
): Outcome<Label[]> {
  for (const name of names) {
    const problems = labelProblems({ name })
    if (problems.length > 0) return invalid(...problems)
  }
  const labels = names.map(
    (name) =>
      context.store.labels.byName(repository.id, name) ?? insertLabel(context, actor, repository, { name }),
  )
  return done([...new Set(labels)])
}

/** Gives the issue exactly these labels; emits `labeled` and `unlabeled` for the difference. */
export async function replaceLabels(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  labels: readonly Label[],
): Promise<void> {
  const { store } = context
  const before = issue.labelIds
  const after = labels.map((label) => label.id)
  const added = after.filter((id) => !before.includes(id))
  const removed = before.filter((id) => !after.includes(id))
  if (added.length + removed.length === 0) return
  issue.labelIds = after
  issue.updatedAt = context.now()
  for (const [action, ids] of [
    ['labeled', added],
    ['unlabeled', removed],
  ] as const)
    for (const id of ids)
      await announce(context, actor, issue, action, { label: renderLabel(context, store.labels.require(id)) })
}

/** Adds labels by name (made when they do not exist). Needs triage. */
export async function addLabels(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  names: readonly string[],
): Promise<Outcome<Label[]>> {
  const present = issue.labelIds.map((id) => context.store.labels.require(id).name)
  return setLabels(context, actor, issue, [...present, ...names])
}

/** Replaces all labels of an issue. Needs triage. */
export async function setLabels(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  names: readonly string[],
): Promise<Outcome<Label[]>> {
  const repository = context.store.repositories.require(issue.repositoryId)
  const refusal = labelRefusal(actor, repository)
  if (refusal) return refusal
  const labels = labelsNamed(context, actor, repository, names)
  if (!labels.ok) return labels
  await replaceLabels(context, actor, issue, labels.value)
  return labels
}

/** Takes one label off; 404 `Label does not exist` when it is not on the issue. Needs triage. */
export async function removeLabel(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  name: string,
): Promise<Outcome<Label[]>> {
  const { store } = context
  const repository = store.repositories.require(issue.repositoryId)
  const refusal = labelRefusal(actor, repository)
  if (refusal) return refusal
  const label = store.labels.byName(repository.id, name)
  if (!label || !issue.labelIds.includes(label.id)) return refuse(404, 'Label does not exist')
  const kept = issue.labelIds.filter((id) => id !== label.id).map((id) => store.labels.require(id))
  await replaceLabels(context, actor, issue, kept)
  return done(kept)
}

function labelRefusal(actor: Actor, repository: Repository) {
  if (!canSee(actor, repository)) return notFound()
  if (repository.archived) return isArchived()
  return hasRole(actor, repository, 'triage') ? null : needsAdmin()
}

/** Makes a label of a repository. Needs write. */
export function createLabel(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  input: LabelInput,
): Outcome<Label> {
  if (!canSee(actor, repository)) return notFound()
  if (repository.archived) return isArchived()
  if (!hasRole(actor, repository, 'write')) return notFound()
  const problems = labelProblems(input)
  if (input.color !== undefined && !/^[0-9a-f]{6}$/i.test(input.color))
    problems.push({ resource: 'Label', code: 'invalid', field: 'color' })
  if (context.store.labels.byName(repository.id, input.name))
    problems.push({ resource: 'Label', code: 'already_exists', field: 'name' })
  if (problems.length > 0) return invalid(...problems)
  return done(insertLabel(context, actor, repository, input))
}
