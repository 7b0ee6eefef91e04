import {
  code,
  formatCost,
  formatDuration,
  formatTime,
  formatTokens,
  inline,
  link,
  progressBar,
  quote,
} from './markdown.ts'
import { nextSteps } from './next-step.ts'
import type { SessionReceipt, StatusEvent, StatusView } from './status-view.ts'
import { eventWords, modeWords, nameOfState, outcomeWords } from './words.ts'

/** GitHub takes 65,536 characters. */
const MOST = 60_000
const MOST_EVENTS = 8
const MOST_RECEIPTS = 50

/** The first line of a task's status comment, by which it is found again. */
export function statusMarker(taskId: number): string {
  return `<!-- mission-control:status task=${taskId} -->`
}

/**
 * The one comment in which GitHub shows a task. The same view gives the same text. Whatever agents and people wrote
 * is neutralised; fewer than 60,000 characters, for which the oldest receipts are left out.
 */
export function renderStatusComment(view: StatusView): string {
  const parts = [
    statusMarker(view.task.id),
    headline(view),
    ...asked(view),
    facts(view),
    next(view),
    view.connect ?? '',
    ...events(view),
  ]
  const fixed = parts.filter((part) => part !== '').join('\n\n')
  const receipts = renderReceipts(view.sessions, MOST - fixed.length - 10)
  return `${fixed}${receipts === '' ? '' : `\n\n${receipts}`}\n`
}

function headline({ task, held, agent, pullRequest, configProblem }: StatusView): string {
  const { sign, words } = nameOfState({ ...task, held, agent, hasPullRequest: pullRequest !== null })
  const lines = [`### ${sign} ${inline(words)}`]
  if (task.because) lines.push(inline(task.because, 500))
  if (configProblem)
    lines.push(
      `**The configuration file is not valid** (the last valid one is in force): ${inline(configProblem, 500)}`,
    )
  return lines.join('\n\n')
}

/** What an agent asks or found out stands before everything else: it is what people are to read. */
function asked({ question, result }: StatusView): string[] {
  if (question) return [`**${code(question.agent)} asks:**\n\n${quote(question.text, 12_000)}`]
  return result === null ? [] : [`**Result:**\n\n${quote(result, 25_000)}`]
}

function facts(view: StatusView): string {
  const { branch, pullRequest, progress, spent, sessions } = view
  const rows: [string, string][] = []
  if (view.agent) rows.push(['Agent', code(view.agent)])
  if (view.model) rows.push(['Model', code(view.model)])
  if (branch) rows.push(['Branch', link(code(branch.name, 250), branch.url)])
  if (pullRequest) rows.push(['Pull request', link(`#${pullRequest.number}`, pullRequest.url)])
  if (progress) rows.push(['Progress', renderProgress(progress)])
  if (sessions.length > 0) {
    const count = sessions.length === 1 ? '1 session' : `${sessions.length} sessions`
    rows.push([
      'So far',
      `${formatTokens(spent.tokens)} tokens · ${formatCost(spent.costMicroUsd)} · ${count}`,
    ])
  }
  if (rows.length === 0) return ''
  return ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n')
}

function renderProgress({ percent, message, at }: NonNullable<StatusView['progress']>): string {
  const bar = percent === null ? [] : [`${progressBar(percent)} ${percent} %`]
  return [...bar, ...(message ? [inline(message, 300)] : []), `as of ${formatTime(at)}`].join(' · ')
}

function next(view: StatusView): string {
  const [first = '', ...more] = nextSteps(view)
  if (more.length === 0) return `**Next:** ${first}`
  return ['**Next:**', '', ...[first, ...more].map((step) => `- ${step}`)].join('\n')
}

function events({ events: all }: StatusView): string[] {
  if (all.length === 0) return []
  return [['**Last events**', '', ...all.slice(-MOST_EVENTS).map(renderEvent)].join('\n')]
}

function renderEvent({ at, kind, by, detail }: StatusEvent): string {
  const who = by ? ` (${code(by, 60)})` : ''
  return `- ${formatTime(at)} · ${eventWords[kind]}${who}${detail ? `: ${inline(detail, 200)}` : ''}`
}

/** Newest first, so that what does not fit is the oldest. Empty when there are none. */
function renderReceipts(sessions: readonly SessionReceipt[], room: number): string {
  if (sessions.length === 0) return ''
  const head = [
    `<details><summary>Receipts (${sessions.length})</summary>`,
    '',
    '| # | Agent | Mode | Model | Outcome | Tokens in / out / cached | Cost | Took | Context |',
    '|---|---|---|---|---|---|---|---|---|',
  ]
  const rows: string[] = []
  let length = head.join('\n').length + 150
  for (const session of sessions.toReversed().slice(0, MOST_RECEIPTS)) {
    const row = renderReceipt(session)
    length += row.length + 1
    if (length > room) break
    rows.push(row)
  }
  const left = sessions.length - rows.length
  const note =
    left > 0 ? ['', `_${left} older ${left === 1 ? 'session is' : 'sessions are'} not shown._`] : []
  return [...head, ...rows, ...note, '', '</details>'].join('\n')
}

function renderReceipt(session: SessionReceipt): string {
  const { tokens, endedAt, createdAt, failureDetail } = session
  const outcome = outcomeWords(session.status, session.failure)
  const cells = [
    String(session.attempt),
    code(session.agent),
    modeWords[session.mode],
    session.model ? code(session.model, 100) : '',
    failureDetail ? `${outcome} (${inline(failureDetail, 300)})` : outcome,
    [tokens.input, tokens.output, tokens.cacheRead + tokens.cacheWrite].map(formatTokens).join(' / '),
    formatCost(session.costMicroUsd),
    endedAt === null ? '' : formatDuration(endedAt.getTime() - createdAt.getTime()),
    code(session.contextSha256.slice(0, 12)),
  ]
  return `| ${cells.join(' | ')} |`
}
