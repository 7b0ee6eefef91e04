import { neutraliseTitle } from '../domain/neutralise.ts'
import { block, code, formatCost, formatTokens, inline } from './markdown.ts'

export interface PullRequestView {
  readonly task: { readonly id: number; readonly number: number; readonly title: string }
  readonly session: { readonly id: number; readonly attempt: number }
  readonly agent: string
  readonly model: string | null
  /** What the agent called its work; the title stands in. */
  readonly title: string | null
  /** What it did and why, Markdown by the agent. */
  readonly summary: string | null
  /** Over all sessions of the task. */
  readonly spent: { readonly tokens: number; readonly costMicroUsd: number }
  readonly contextSha256: string
}

const MOST_TITLE = 256
const MOST_BODY = 65_000

/** One line of at most 256 characters that mentions and closes nothing. */
export function renderPullRequestTitle({ title, task }: PullRequestView): string {
  const named = neutraliseTitle(title ?? '', MOST_TITLE) || neutraliseTitle(task.title, MOST_TITLE)
  return named || `Issue #${task.number}`
}

/**
 * The body of a task's pull request, fewer than 65,536 characters. The agent's text comes last: nothing that it
 * leaves open can swallow `Closes`.
 */
export function renderPullRequestBody(view: PullRequestView): string {
  const { task, session, spent } = view
  const head = [
    `<!-- mission-control:pull-request task=${task.id} session=${session.id} context=${view.contextSha256} -->`,
    `Closes #${task.number}: ${inline(task.title)}`,
    [
      '| Agent | Model | Attempt | Tokens | Cost | Context |',
      '|---|---|---|---|---|---|',
      `| ${[
        code(view.agent),
        view.model ? code(view.model, 100) : '',
        String(session.attempt),
        formatTokens(spent.tokens),
        formatCost(spent.costMicroUsd),
        code(view.contextSha256.slice(0, 12)),
      ].join(' | ')} |`,
    ].join('\n'),
    '## What was done and why',
  ].join('\n\n')
  const summary = block(view.summary ?? '', task.number, MOST_BODY - head.length)
  return `${head}\n\n${summary || 'The agent gave no summary; see the commits.'}\n`
}
