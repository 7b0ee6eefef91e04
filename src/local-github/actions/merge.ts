import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import type { CommitInfo, FileChange, MergeMethod } from '../git/host.ts'
import type { PullIssue } from '../store/issue.ts'
import type { Repository } from '../store/repository.ts'
import { personOf } from '../store/user.ts'
import { announce } from './announce.ts'
import { closeNamedIssues } from './closing-words.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { done, isArchived, notFound, type Outcome, type Refusal, refuse } from './outcome.ts'
import { pullRef, pullState } from './pull-state.ts'
import { recordPush } from './pushes.ts'

export interface MergeInput {
  /** The first method that the repository allows when left out. */
  method?: MergeMethod
  /** The head that the caller has seen: 409 when it is another one by now. */
  sha?: string
  title?: string
  message?: string
}

const methodNames = { merge: 'Merge commits', squash: 'Squash merges', rebase: 'Rebase merges' } as const

/**
 * Merges a pull request with git. Needs write. 405 when it is closed, a draft, in conflict or the method is off, 409
 * when the head is not `sha`. Emits `pull_request.closed`, `push` and `issues.closed` for `Closes #n` in its body.
 */
export async function mergePull(
  context: LocalGitHubContext,
  actor: Actor,
  issue: PullIssue,
  input: MergeInput = {},
): Promise<Outcome<{ sha: string }>> {
  const repository = context.store.repositories.require(issue.repositoryId)
  return oneAtATime(repository, () => merge(context, actor, repository, issue, input))
}

async function merge(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  issue: PullIssue,
  input: MergeInput,
): Promise<Outcome<{ sha: string }>> {
  const refusal = mergeRefusal(actor, repository, issue)
  if (refusal) return refusal
  const method = input.method ?? allowedMethod(repository)
  if (!method || !repository.mergeMethods[method])
    return refuse(405, `${methodNames[method ?? 'merge']} are not allowed on this repository.`)
  const state = await pullState(context, issue)
  if (input.sha !== undefined && input.sha !== state.headSha)
    return refuse(409, 'Head branch was modified. Review and try the merge again.')
  if (!state.mergeable || issue.state !== 'open') return refuse(405, 'Pull Request is not mergeable')
  const workflow = foreignWorkflow(actor, state.comparison.files)
  if (workflow) return workflow
  const words = mergeWords(context, repository, issue, method, state.comparison.commits)
  const result = await context.git.merge(context.store.repositories.fullName(repository), {
    baseBranch: issue.pull.baseRef,
    headSha: state.headSha,
    method,
    title: input.title ?? words.title,
    message: input.message ?? words.message,
    author: personOf(method === 'squash' ? context.store.users.require(issue.authorId) : actor.user),
  })
  if (!result.ok)
    return result.reason === 'conflict'
      ? refuse(405, 'Pull Request is not mergeable')
      : refuse(405, 'Base branch was modified. Review and try the merge again.')
  await context.git.setRef(context.store.repositories.fullName(repository), pullRef(issue), state.headSha)
  await finishMerge(context, actor, issue, { sha: result.sha, baseSha: state.baseSha })
  return done({ sha: result.sha })
}

function mergeRefusal(actor: Actor, repository: Repository, issue: PullIssue): Refusal | null {
  if (!canSee(actor, repository)) return notFound()
  if (repository.archived) return isArchived()
  if (!hasRole(actor, repository, 'write')) return refuse(403, 'Must have push access to the repository.')
  if (issue.state !== 'open') return refuse(405, 'Pull Request is not mergeable')
  return issue.pull.draft ? refuse(405, 'Pull Request is still a draft') : null
}

/** An app without the permission for workflows may not merge a change of them either. */
function foreignWorkflow(actor: Actor, files: readonly FileChange[]): Refusal | null {
  if (actor.kind !== 'installation' || actor.permissions.workflows === 'write') return null
  const file = files.find(({ path }) => path.startsWith('.github/workflows/'))
  if (!file) return null
  return refuse(
    403,
    `refusing to allow a GitHub App to create or update workflow \`${file.path}\` without \`workflows\` permission`,
  )
}

function allowedMethod(repository: Repository): MergeMethod | undefined {
  return (['merge', 'squash', 'rebase'] as const).find((method) => repository.mergeMethods[method])
}

function mergeWords(
  context: LocalGitHubContext,
  repository: Repository,
  issue: PullIssue,
  method: MergeMethod,
  commits: readonly CommitInfo[],
): { title: string; message: string } {
  const owner = context.store.users.require(repository.ownerId).login
  if (method !== 'squash')
    return {
      title: `Merge pull request #${issue.number} from ${owner}/${issue.pull.headRef}`,
      message: issue.title,
    }
  const [only] = commits
  if (only && commits.length === 1) {
    const [title = '', ...rest] = only.message.split('\n')
    return { title: `${title} (#${issue.number})`, message: rest.join('\n').trim() }
  }
  return {
    title: `${issue.title} (#${issue.number})`,
    message: commits.map((commit) => `* ${commit.message}`).join('\n\n'),
  }
}

/** Records a merge that git has made and tells everybody. */
async function finishMerge(
  context: LocalGitHubContext,
  actor: Actor,
  issue: PullIssue,
  merge: { sha: string; baseSha: string },
): Promise<void> {
  const repository = context.store.repositories.require(issue.repositoryId)
  markMerged(context, actor, issue, merge)
  await announce(context, actor, issue, 'closed')
  const ref = `refs/heads/${issue.pull.baseRef}`
  await recordPush(context, actor.user, repository, [{ ref, before: merge.baseSha, after: merge.sha }])
  if (issue.pull.baseRef === repository.defaultBranch)
    await closeNamedIssues(context, actor, repository, issue.body ?? '')
  if (repository.deleteBranchOnMerge) await deleteHead(context, actor, repository, issue)
}

function markMerged(
  context: LocalGitHubContext,
  actor: Actor,
  issue: PullIssue,
  merge: { sha: string; baseSha: string },
): void {
  const now = context.now()
  issue.pull.merged = { sha: merge.sha, byId: actor.user.id, at: now }
  issue.pull.closedBaseSha = merge.baseSha
  issue.state = 'closed'
  issue.closedAt = now
  issue.closedById = actor.user.id
  issue.updatedAt = now
}

async function deleteHead(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  issue: PullIssue,
): Promise<void> {
  const fullName = context.store.repositories.fullName(repository)
  const ref = `refs/heads/${issue.pull.headRef}`
  const before = await context.git.resolve(fullName, ref)
  if (repository.protection.has(issue.pull.headRef)) return
  if (before !== null && (await context.git.deleteRef(fullName, ref)))
    await recordPush(context, actor.user, repository, [{ ref, before, after: '0'.repeat(40) }])
}
