import type { Actor } from '../auth/actor.ts'
import type { LocalGitHubContext } from '../context.ts'
import { type Issue, isPull, type StateReason } from '../store/issue.ts'
import { announce } from './announce.ts'
import { baseTip, keepHead } from './pull-state.ts'

/** Closes without asking for rights: for those who have been asked, and for what follows from a merge or a push. */
export async function closeIssue(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  reason: StateReason,
): Promise<void> {
  if (issue.state === 'closed') return
  const baseSha = isPull(issue) ? await baseTip(context, issue) : null
  if (isPull(issue)) await keepHead(context, issue)
  // A second closer may have been faster while git answered.
  if (issue.state !== 'open') return
  issue.state = 'closed'
  issue.closedAt = context.now()
  issue.updatedAt = issue.closedAt
  issue.closedById = actor.user.id
  if (issue.pull) issue.pull.closedBaseSha = baseSha
  else issue.stateReason = reason
  await announce(context, actor, issue, 'closed')
}

/** Opens again without asking for rights; emits `reopened`. */
export async function reopenIssue(context: LocalGitHubContext, actor: Actor, issue: Issue): Promise<void> {
  if (isPull(issue)) await keepHead(context, issue)
  issue.state = 'open'
  issue.closedAt = null
  issue.closedById = null
  issue.updatedAt = context.now()
  if (issue.pull) issue.pull.closedBaseSha = null
  else issue.stateReason = 'reopened'
  await announce(context, actor, issue, 'reopened')
}
