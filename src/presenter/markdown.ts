import { neutralise, neutraliseTitle } from '../domain/neutralise.ts'

/** A word joiner: shows nothing, and what follows `<` is no HTML tag any more, in code and out of it. */
const JOINER = '\u2060'

/** A text by an agent or a person on one line, with no Markdown, HTML, mention or closing keyword at work. */
export function inline(text: string, limit = 200): string {
  return withoutTags(neutraliseTitle(text, limit))
    .replace(/[\\`*_[\]>|~$]/g, '\\$&')
    .replace(/^(\d*)(?=[#+=/.)-])/, '$1\\')
}

/**
 * A name as inline code, fit for a table cell. Bars are replaced, not escaped: in code a backslash before a bar is
 * itself escaped by another one before it, and the cell would break.
 */
export function code(text: string, limit = 200): string {
  const plain = withoutTags(neutraliseTitle(text, limit))
  const safe = plain.replaceAll('`', "'").replaceAll('|', '¦').replaceAll('![', `!${JOINER}[`)
  return safe === '' ? '' : `\`${safe}\``
}

/**
 * A text by an agent as Markdown of its own: it may have headings, lists and code, but no HTML, image, mention,
 * command, or closing keyword for an issue other than `ownIssue`. Put it last or in a quote: a fence that it
 * leaves open swallows what follows.
 */
export function block(text: string, ownIssue: number | null, limit: number): string {
  const safe = withoutTags(neutralise(text.trim(), { ownIssue, limit }))
  if (safe.length <= limit) return safe
  // A joiner stands for at most every second character.
  return withoutTags(neutralise(text.trim(), { ownIssue, limit: Math.floor((limit * 2) / 3) }))
}

function withoutTags(text: string): string {
  return text.replace(/<(?=[a-z/!?])/gi, `<${JOINER}`)
}

/** As `block`, in a quote, which ends whatever the text leaves open. At most `limit` characters. */
export function quote(text: string, limit: number): string {
  const lines: string[] = []
  let length = 0
  for (const line of block(text, null, limit).split('\n')) {
    const quoted = line === '' ? '>' : `> ${line}`
    length += quoted.length + 1
    if (length > limit - 10) return [...lines, '> (cut)'].join('\n')
    lines.push(quoted)
  }
  return lines.join('\n')
}

/** A link to a web page; the bare text when there is no such address. The text must be Markdown already. */
export function link(text: string, url: string | null): string {
  if (url === null || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return text
  return `[${text}](${new URL(url).href.replace(/[()|<>\s]/g, (found) => `%${found.charCodeAt(0).toString(16)}`)})`
}

/** `1,234,567` */
export function formatTokens(tokens: number): string {
  return String(tokens).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `0.12 USD`; four places below a cent. Not `$0.12`: GitHub reads pairs of dollar signs as mathematics. */
export function formatCost(microUsd: number): string {
  const usd = microUsd / 1_000_000
  return `${usd.toFixed(microUsd > 0 && microUsd < 10_000 ? 4 : 2)} USD`
}

/** `2026-11-23 09:44 UTC`: the same whenever it is rendered. */
export function formatTime(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** `45 s`, `12 min 5 s`, `3 h 20 min` */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
}

/** Ten cells: `██████░░░░` for 60. */
export function progressBar(percent: number): string {
  const full = Math.round(Math.min(100, Math.max(0, percent)) / 10)
  return '█'.repeat(full) + '░'.repeat(10 - full)
}
