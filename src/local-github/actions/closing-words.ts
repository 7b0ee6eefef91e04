import type { Actor } from '../auth/actor.ts'
import type { LocalGitHubContext } from '../context.ts'
import type { Repository } from '../store/repository.ts'
import { closeIssue } from './issue-state.ts'

const closing = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)\b/gi

/** The issue numbers that a text closes: `Closes #1`, `fixes #2`, `Resolved: #3`. */
export function closedNumbers(text: string): number[] {
  return [...new Set([...text.matchAll(closing)].map((match) => Number(match[1])))]
}

/** Closes, as completed, the open issues that the text names with a closing word. */
export async function closeNamedIssues(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  text: string,
): Promise<void> {
  for (const number of closedNumbers(text)) {
    const issue = context.store.issues.byNumber(repository.id, number)
    if (issue && !issue.pull) await closeIssue(context, actor, issue, 'completed')
  }
}
