import type { Actor } from '../auth/actor.ts'
import type { LocalGitHubContext } from '../context.ts'
import { renderIssue } from '../render/issue.ts'
import { renderPull } from '../render/pull.ts'
import { type Issue, isPull } from '../store/issue.ts'
import type { Json } from '../webhooks/event.ts'

/**
 * Emits `issues` or `pull_request` about one issue or pull request, with the state it has now. For an issue the
 * event is queued before this returns; a pull request asks git first.
 */
export async function announce(
  context: LocalGitHubContext,
  actor: Actor,
  issue: Issue,
  action: string,
  extra: Json = {},
): Promise<void> {
  const repository = context.store.repositories.require(issue.repositoryId)
  const subject = isPull(issue)
    ? { number: issue.number, pull_request: await renderPull(context, issue) }
    : { issue: renderIssue(context, issue) }
  context.webhooks.emit({
    event: issue.pull ? 'pull_request' : 'issues',
    action,
    repository,
    sender: actor.user,
    payload: { ...subject, ...extra },
  })
}
