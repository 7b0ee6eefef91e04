import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import { isPull, type PullIssue } from '../store/issue.ts'
import type { Repository } from '../store/repository.ts'
import { announce } from './announce.ts'
import { editIssue, type IssueChanges } from './issues.ts'
import { textProblems } from './limits.ts'
import { oneAtATime } from './one-at-a-time.ts'
import {
  done,
  type ErrorDetail,
  invalid,
  isArchived,
  notFound,
  type Outcome,
  type Refusal,
  refuse,
} from './outcome.ts'
import { compareOnce, pullRef } from './pull-state.ts'

export interface PullInput {
  title: string
  body?: string | null
  /** `branch` or `owner:branch`. */
  head: string
  base: string
  draft?: boolean
}

const problem = (detail: Omit<ErrorDetail, 'resource'>): Refusal =>
  invalid({ resource: 'PullRequest', ...detail })

/** Opens a pull request between two branches of one repository (forks are not emulated). Needs write. */
export async function openPull(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  input: PullInput,
): Promise<Outcome<PullIssue>> {
  return oneAtATime(repository, () => open(context, actor, repository, input))
}

async function open(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  input: PullInput,
): Promise<Outcome<PullIssue>> {
  if (!canSee(actor, repository)) return notFound()
  if (repository.archived) return isArchived()
  if (!hasRole(actor, repository, 'write'))
    return refuse(403, 'Resource not accessible by personal access token')
  const problems = textProblems('PullRequest', input)
  if (problems.length > 0) return invalid(...problems)
  if (input.draft && repository.private && !repository.drafts)
    return refuse(422, 'Draft pull requests are not supported in this repository.')
  const headRef = headBranch(context, repository, input.head)
  if (headRef === null) return problem({ code: 'invalid', field: 'head' })
  const head = await checkedHead(context, repository, headRef, input.base)
  if (!head.ok) return head
  const duplicate = openPullOf(context, repository, headRef, input.base)
  if (duplicate) return duplicate
  const issue = await insertPull(context, actor, repository, { ...input, headRef, headSha: head.value })
  await announce(context, actor, issue, 'opened')
  return done(issue)
}

function headBranch(context: LocalGitHubContext, repository: Repository, head: string): string | null {
  const colon = head.indexOf(':')
  if (colon < 0) return head
  const owner = context.store.users.require(repository.ownerId).login
  return head.slice(0, colon).toLowerCase() === owner.toLowerCase() ? head.slice(colon + 1) : null
}

async function checkedHead(
  context: LocalGitHubContext,
  repository: Repository,
  headRef: string,
  baseRef: string,
): Promise<Outcome<string>> {
  const fullName = context.store.repositories.fullName(repository)
  const [head, base] = await Promise.all([
    context.git.branch(fullName, headRef),
    context.git.branch(fullName, baseRef),
  ])
  if (head === null) return problem({ code: 'invalid', field: 'head' })
  if (base === null) return problem({ code: 'invalid', field: 'base' })
  const { ahead } = await compareOnce(context.git, fullName, base, head)
  if (ahead === 0) return problem({ code: 'custom', message: `No commits between ${baseRef} and ${headRef}` })
  return done(head)
}

function openPullOf(context: LocalGitHubContext, repository: Repository, headRef: string, baseRef: string) {
  const owner = context.store.users.require(repository.ownerId).login
  const present = context.store.issues
    .pulls(repository.id)
    .some(
      (issue) => issue.state === 'open' && issue.pull.headRef === headRef && issue.pull.baseRef === baseRef,
    )
  const message = `A pull request already exists for ${owner}:${headRef}.`
  return present ? problem({ code: 'custom', message }) : null
}

async function insertPull(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  input: PullInput & { headRef: string; headSha: string },
): Promise<PullIssue> {
  repository.lastNumber += 1
  const issue = context.store.issues.create(
    {
      repositoryId: repository.id,
      number: repository.lastNumber,
      title: input.title,
      body: input.body ?? null,
      authorId: actor.user.id,
      pull: {
        headRef: input.headRef,
        baseRef: input.base,
        draft: input.draft ?? false,
        merged: null,
        closedBaseSha: null,
      },
    },
    context.now(),
  )
  if (!isPull(issue)) throw new Error('A new pull request has no pull side.')
  await context.git.setRef(context.store.repositories.fullName(repository), pullRef(issue), input.headSha)
  return issue
}

/** Changes title, body, state or base of a pull request; rights as for issues. */
export async function editPull(
  context: LocalGitHubContext,
  actor: Actor,
  issue: PullIssue,
  changes: Pick<IssueChanges, 'title' | 'body' | 'state'> & { base?: string },
): Promise<Outcome<PullIssue>> {
  const { base, ...rest } = changes
  const repository = context.store.repositories.require(issue.repositoryId)
  if (base !== undefined && base !== issue.pull.baseRef) {
    if (!hasRole(actor, repository, 'write')) return notFound()
    const fullName = context.store.repositories.fullName(repository)
    if ((await context.git.branch(fullName, base)) === null)
      return problem({ code: 'invalid', field: 'base' })
  }
  const edited = await editIssue(context, actor, issue, rest)
  if (!edited.ok) return edited
  if (base !== undefined && base !== issue.pull.baseRef) await moveBase(context, actor, issue, base)
  return done(issue)
}

async function moveBase(
  context: LocalGitHubContext,
  actor: Actor,
  issue: PullIssue,
  base: string,
): Promise<void> {
  const fullName = context.store.repositories.fullName(context.store.repositories.require(issue.repositoryId))
  const from = { ref: issue.pull.baseRef, sha: await context.git.branch(fullName, issue.pull.baseRef) }
  issue.pull.baseRef = base
  issue.updatedAt = context.now()
  const changes = { base: { ref: { from: from.ref }, sha: { from: from.sha ?? '' } } }
  await announce(context, actor, issue, 'edited', { changes })
}
