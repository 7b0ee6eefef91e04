import type { Issue } from '../store/issue.ts'
import type { Label } from '../store/label.ts'
import type { User } from '../store/user.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'

/** A round letter in a colour of its own: no picture is loaded from anywhere. */
export function avatar(user: User): Html {
  const hue = [...user.login].reduce(
    (sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 360,
    7,
  )
  const letter = user.login.charAt(0).toUpperCase()
  return html`<span class="avatar${user.type === 'User' ? '' : ' square'}" style="--hue:${hue}" aria-hidden="true">${letter}</span>`
}

export function personName(user: User): Html {
  if (user.type !== 'Bot') return html`<strong>${user.login}</strong>`
  return html`<strong>${user.login.replace(/\[bot\]$/, '')}</strong> <span class="badge">bot</span>`
}

const STEPS = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** How long ago, with the exact time to hover. */
export function ago(date: Date, now: Date): Html {
  const iso = date.toISOString()
  return html`<time datetime="${iso}" title="${iso}">${agoWords((now.getTime() - date.getTime()) / 1000)}</time>`
}

function agoWords(seconds: number): string {
  for (const [unit, size] of STEPS) {
    const count = Math.floor(seconds / size)
    if (count >= 1) return count === 1 ? `1 ${unit} ago` : `${count} ${unit}s ago`
  }
  return seconds < 10 ? 'just now' : `${Math.floor(seconds)} seconds ago`
}

/** Colours come from people: anything but six hexadecimal digits is shown grey. */
function colourOf(label: Label): string {
  return /^[0-9a-f]{6}$/i.test(label.color) ? label.color : 'ededed'
}

export function labelChip(label: Label): Html {
  return html`<span class="label" style="--label:#${colourOf(label)}" title="${label.description}">${label.name}</span>`
}

/** One button per label of the repository that adds it to the issue or takes it off. */
export function labelButtons(visit: Visit, issue: Issue, action: string): Html {
  const labels = visit.context.store.labels.inRepository(issue.repositoryId)
  const buttons = labels.map((label) => {
    const on = issue.labelIds.includes(label.id)
    const title = on ? `Take ${label.name} off` : `Add ${label.name}`
    return html`<form method="post" action="${action}" data-quiet>
      ${tokenField(visit)}<input type="hidden" name="name" value="${label.name}">
      <button class="label toggle" name="do" value="${on ? 'remove' : 'add'}" aria-pressed="${on ? 'true' : 'false'}" title="${title}" style="--label:#${colourOf(label)}">${label.name}</button>
    </form>`
  })
  return html`<div class="labels">${buttons}</div>`
}

export function tokenField(visit: Visit): Html {
  return html`<input type="hidden" name="form_token" value="${visit.formToken}">`
}

/** Where an issue or a pull request stands, as a coloured badge. */
export function stateBadge(issue: Issue): Html {
  const [kind, words] = stateOf(issue)
  return html`<span class="state ${kind}">${stateIcon(issue)} ${words}</span>`
}

function stateOf(issue: Issue): [kind: string, words: string] {
  if (issue.pull?.merged) return ['merged', 'Merged']
  if (issue.pull)
    return issue.state === 'closed'
      ? ['refused', 'Closed']
      : issue.pull.draft
        ? ['draft', 'Draft']
        : ['open', 'Open']
  if (issue.state === 'open') return ['open', 'Open']
  return issue.stateReason === 'completed' ? ['merged', 'Closed'] : ['draft', 'Closed as not planned']
}

export function stateIcon(issue: Issue): Html {
  const [kind] = stateOf(issue)
  return html`<svg class="icon ${kind}" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${issue.pull ? PULL : issue.state === 'open' ? OPEN : CLOSED}</svg>`
}

const OPEN = html`<circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.6"/><circle cx="8" cy="8" r="2" fill="currentColor"/>`
const CLOSED = html`<circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M5.2 8.2l2 2 3.6-4" fill="none" stroke="currentColor" stroke-width="1.6"/>`
const PULL = html`<g fill="none" stroke="currentColor" stroke-width="1.6"><circle cx="4" cy="3.5" r="1.7"/><circle cx="4" cy="12.5" r="1.7"/><circle cx="12" cy="12.5" r="1.7"/><path d="M4 5.2v5.6M12 10.8V6.5a2 2 0 0 0-2-2H7.5M9 2.8L7.3 4.5 9 6.2"/></g>`
