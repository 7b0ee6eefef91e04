import type { Actor } from '../auth/actor.ts'
import type { LocalGitHubContext } from '../context.ts'
import { renderPush } from '../render/push.ts'
import type { PullIssue } from '../store/issue.ts'
import type { Repository } from '../store/repository.ts'
import type { User } from '../store/user.ts'
import { announce } from './announce.ts'
import { closeNamedIssues } from './closing-words.ts'
import { closeIssue } from './issue-state.ts'
import { compareOnce, keptHead, pullRef } from './pull-state.ts'

export interface RefUpdate {
  ref: string
  /** Forty zeros: the ref is new. */
  before: string
  /** Forty zeros: the ref was deleted. */
  after: string
}

export const noObject = '0'.repeat(40)

/**
 * Tells what follows from refs that have moved, by a git push or through the API: `create`, `delete` and `push`
 * events, `synchronize` for open pull requests, pull requests closed with their branch or merged by the push,
 * issues closed by commit messages on the default branch.
 */
export async function recordPush(
  context: LocalGitHubContext,
  pusher: User,
  repository: Repository,
  updates: readonly RefUpdate[],
): Promise<void> {
  const actor: Actor = { kind: 'user', user: pusher }
  for (const update of updates) {
    if (!/^refs\/(heads|tags)\//.test(update.ref)) continue
    repository.pushedAt = context.now()
    repository.updatedAt = repository.pushedAt
    await adoptDefaultBranch(context, repository, update)
    announceRef(context, pusher, repository, update)
    const push = await renderPush(context, repository, pusher, update)
    context.webhooks.emit({ event: 'push', action: null, repository, sender: pusher, payload: push.payload })
    if (!update.ref.startsWith('refs/heads/')) continue
    await followPulls(context, actor, repository, update)
    if (update.after !== noObject && branchOf(update) === repository.defaultBranch)
      for (const message of push.messages) await closeNamedIssues(context, actor, repository, message)
  }
}

function branchOf(update: RefUpdate): string {
  return update.ref.slice('refs/heads/'.length)
}

/** The first branch that is pushed to an empty repository becomes its default branch. */
async function adoptDefaultBranch(
  context: LocalGitHubContext,
  repository: Repository,
  update: RefUpdate,
): Promise<void> {
  if (update.before !== noObject || update.after === noObject || !update.ref.startsWith('refs/heads/')) return
  const fullName = context.store.repositories.fullName(repository)
  if ((await context.git.branch(fullName, repository.defaultBranch)) !== null) return
  repository.defaultBranch = branchOf(update)
  await context.git.setDefaultBranch(fullName, repository.defaultBranch)
}

function announceRef(
  context: LocalGitHubContext,
  pusher: User,
  repository: Repository,
  update: RefUpdate,
): void {
  const created = update.before === noObject
  if (!created && update.after !== noObject) return
  const [, kind = '', name = ''] = /^refs\/(heads|tags)\/(.+)$/.exec(update.ref) ?? []
  const payload = { ref: name, ref_type: kind === 'heads' ? 'branch' : 'tag', pusher_type: 'user' }
  context.webhooks.emit({
    event: created ? 'create' : 'delete',
    action: null,
    repository,
    sender: pusher,
    payload: created
      ? { ...payload, master_branch: repository.defaultBranch, description: repository.description }
      : payload,
  })
}

async function followPulls(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  update: RefUpdate,
): Promise<void> {
  const branch = branchOf(update)
  for (const issue of context.store.issues.pulls(repository.id)) {
    if (issue.state !== 'open') continue
    if (issue.pull.headRef === branch) await followHead(context, actor, repository, issue, update)
    else if (issue.pull.baseRef === branch) await followBase(context, actor, repository, issue, update)
  }
}

async function followHead(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  issue: PullIssue,
  update: RefUpdate,
): Promise<void> {
  if (update.after === noObject) return closeIssue(context, actor, issue, 'completed')
  const before = await keptHead(context, issue)
  if (before === update.after) return
  await context.git.setRef(context.store.repositories.fullName(repository), pullRef(issue), update.after)
  issue.updatedAt = context.now()
  await announce(context, actor, issue, 'synchronize', { before, after: update.after })
}

async function followBase(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  issue: PullIssue,
  update: RefUpdate,
): Promise<void> {
  if (update.after !== noObject) {
    const fullName = context.store.repositories.fullName(repository)
    const head = await keptHead(context, issue)
    const { ahead } = await compareOnce(context.git, fullName, update.after, head)
    if (ahead > 0) return
    issue.pull.merged = { sha: update.after, byId: actor.user.id, at: context.now() }
  }
  issue.pull.closedBaseSha = update.before
  await closeIssue(context, actor, issue, 'completed')
}
