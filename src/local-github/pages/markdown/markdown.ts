import { type Html, type HtmlValue, html } from '../html.ts'
import { type MarkdownPlace, renderInline } from './inline.ts'
import { isTableStart, readTable } from './table.ts'

export type { MarkdownPlace } from './inline.ts'

const DEEPEST = 8
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/
const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/
const ITEM = /^( *)([-*+]|\d{1,9}[.)])(?:\s+|$)(.*)$/
const QUOTE = /^ {0,3}> ?/
const DETAILS = /^\s*<details(?:\s+open)?>/i
const DETAILS_END = /^\s*<\/details>/i

/**
 * The part of GitHub's markdown that issues, comments and READMEs use, as safe markup: headings, lists, task
 * lists, tables, quotes, code, emphasis, links, `<details>`. HTML comments are hidden; any other HTML is shown
 * as the text it is.
 */
export function renderMarkdown(text: string, place: MarkdownPlace): Html {
  return html`${blocks(visibleLines(text), place, 0)}`
}

/** The lines without HTML comments; those inside of code fences stay. */
function visibleLines(text: string): string[] {
  const lines: string[] = []
  let fence: string | null = null
  let hidden = false
  for (const line of text.replace(/\r\n?/g, '\n').split('\n')) {
    const mark = FENCE.exec(line)?.[1]
    if (!hidden && mark && (fence === null || isFenceEnd(line, fence))) fence = fence === null ? mark : null
    if (fence !== null) {
      lines.push(line)
      continue
    }
    const [rest, still] = withoutComments(line, hidden)
    if (rest.trim() !== '' || rest === line) lines.push(rest)
    hidden = still
  }
  return lines
}

function withoutComments(line: string, hidden: boolean): [rest: string, hidden: boolean] {
  let rest = ''
  let at = 0
  let inside = hidden
  while (at <= line.length) {
    const end = line.indexOf(inside ? '-->' : '<!--', at)
    if (!inside) rest += end < 0 ? line.slice(at) : line.slice(at, end)
    if (end < 0) break
    at = end + (inside ? 3 : 4)
    inside = !inside
  }
  return [rest, inside]
}

function isFenceEnd(line: string, fence: string): boolean {
  const trimmed = line.trim()
  return trimmed.startsWith(fence) && /^(`+|~+)$/.test(trimmed)
}

function blocks(lines: string[], place: MarkdownPlace, depth: number): Html[] {
  if (depth > DEEPEST) return [html`<p>${lines.join('\n')}</p>`]
  const out: Html[] = []
  let at = 0
  while (at < lines.length) {
    if ((lines[at] ?? '').trim() === '') {
      at += 1
      continue
    }
    const block = readBlock(lines, at, place, depth)
    out.push(block.markup)
    at = block.end
  }
  return out
}

interface Block {
  markup: Html
  /** The line after it. */
  end: number
}

function readBlock(lines: string[], at: number, place: MarkdownPlace, depth: number): Block {
  const line = lines[at] ?? ''
  if (FENCE.test(line)) return readFence(lines, at)
  const heading = HEADING.exec(line)
  if (heading)
    return {
      markup: headingOf((heading[1] ?? '').length, renderInline((heading[2] ?? '').trim(), place)),
      end: at + 1,
    }
  if (RULE.test(line)) return { markup: html`<hr>`, end: at + 1 }
  if (QUOTE.test(line)) return readQuote(lines, at, place, depth)
  if (DETAILS.test(line)) return readDetails(lines, at, place, depth)
  if (DETAILS_END.test(line)) return { markup: html``, end: at + 1 }
  if (isTableStart(lines, at)) return readTable(lines, at, place)
  if (ITEM.test(line)) return readList(lines, at, place, depth)
  return readParagraph(lines, at, place)
}

function headingOf(level: number, words: Html): Html {
  if (level === 1) return html`<h1>${words}</h1>`
  if (level === 2) return html`<h2>${words}</h2>`
  if (level === 3) return html`<h3>${words}</h3>`
  return html`<h4>${words}</h4>`
}

function readFence(lines: string[], at: number): Block {
  const [, fence = '```', language = ''] = FENCE.exec(lines[at] ?? '') ?? []
  let end = at + 1
  while (end < lines.length && !isFenceEnd(lines[end] ?? '', fence)) end += 1
  const code = lines.slice(at + 1, end).join('\n')
  return { markup: html`<pre><code data-language="${language}">${code}</code></pre>`, end: end + 1 }
}

function readQuote(lines: string[], at: number, place: MarkdownPlace, depth: number): Block {
  let end = at
  while (end < lines.length && QUOTE.test(lines[end] ?? '')) end += 1
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ''))
  return { markup: html`<blockquote>${blocks(inner, place, depth + 1)}</blockquote>`, end }
}

function readDetails(lines: string[], at: number, place: MarkdownPlace, depth: number): Block {
  let open = 0
  let end = at
  for (; end < lines.length; end += 1) {
    if (DETAILS.test(lines[end] ?? '')) open += 1
    if (/<\/details>\s*$/i.test(lines[end] ?? '')) open -= 1
    if (open === 0) break
  }
  const isOpen = /<details\s+open>/i.test(lines[at] ?? '')
  const text = lines
    .slice(at, end + 1)
    .join('\n')
    .replace(DETAILS, '')
    .replace(/<\/details>\s*$/i, '')
  const [, summary = 'Details', rest = ''] = /^\s*<summary>([\s\S]*?)<\/summary>([\s\S]*)$/i.exec(text) ?? [
    null,
    undefined,
    text,
  ]
  const inner = html`<summary>${renderInline(summary.replace(/<\/?(?:b|strong|code)>/gi, ''), place)}</summary>${blocks(rest.split('\n'), place, depth + 1)}`
  return {
    markup: isOpen ? html`<details open>${inner}</details>` : html`<details>${inner}</details>`,
    end: end + 1,
  }
}

function readList(lines: string[], at: number, place: MarkdownPlace, depth: number): Block {
  const first = ITEM.exec(lines[at] ?? '')
  const indent = (first?.[1] ?? '').length
  const ordered = /\d/.test(first?.[2] ?? '')
  const items: Html[] = []
  let end = at
  while (end < lines.length) {
    const item = ITEM.exec(lines[end] ?? '')
    if (
      !item ||
      (item[1] ?? '').length > indent + 1 ||
      (item[1] ?? '').length < indent ||
      /\d/.test(item[2] ?? '') !== ordered
    )
      break
    const stop = itemEnd(lines, end + 1, indent)
    const inner = lines
      .slice(end + 1, stop)
      .map((line) => line.replace(new RegExp(`^ {0,${indent + 2}}`), ''))
    items.push(renderItem(item[3] ?? '', inner, place, depth))
    end = stop
  }
  const start = Number.parseInt(first?.[2] ?? '1', 10)
  return { markup: ordered ? html`<ol start="${start}">${items}</ol>` : html`<ul>${items}</ul>`, end }
}

/** An item goes on while lines are deeper than its mark; a blank line ends it unless a deeper line follows. */
function itemEnd(lines: string[], from: number, indent: number): number {
  let end = from
  while (end < lines.length) {
    const line = lines[end] ?? ''
    const next = line.trim() === '' ? (lines[end + 1] ?? '') : line
    const deeper = next.trim() !== '' && next.length - next.trimStart().length > indent + 1
    const lazy = line.trim() !== '' && !ITEM.test(line) && !startsBlock(lines, end)
    if (!deeper && !lazy) break
    end += 1
  }
  // A blank line between two items of one list belongs to the list.
  return (lines[end] ?? 'x').trim() === '' && ITEM.test(lines[end + 1] ?? '') ? end + 1 : end
}

function renderItem(first: string, inner: string[], place: MarkdownPlace, depth: number): Html {
  const [, mark, rest] = /^\[([ xX])\]\s+(.*)$/.exec(first) ?? []
  const lazy = inner.findIndex(
    (line) => line.trim() === '' || ITEM.test(line) || FENCE.test(line) || QUOTE.test(line),
  )
  const own = [rest ?? first, ...inner.slice(0, lazy < 0 ? inner.length : lazy)].join('\n')
  const words: HtmlValue = [
    renderInline(own, place),
    lazy < 0 ? null : blocks(inner.slice(lazy), place, depth + 1),
  ]
  if (mark === undefined) return html`<li>${words}</li>`
  const box =
    mark === ' ' ? html`<input type="checkbox" disabled>` : html`<input type="checkbox" checked disabled>`
  return html`<li class="task">${box} ${words}</li>`
}

function startsBlock(lines: string[], at: number): boolean {
  const line = lines[at] ?? ''
  return (
    [FENCE, HEADING, RULE, QUOTE, DETAILS, DETAILS_END].some((start) => start.test(line)) ||
    isTableStart(lines, at)
  )
}

function readParagraph(lines: string[], at: number, place: MarkdownPlace): Block {
  let end = at + 1
  while (
    end < lines.length &&
    (lines[end] ?? '').trim() !== '' &&
    !startsBlock(lines, end) &&
    !ITEM.test(lines[end] ?? '')
  )
    end += 1
  const text = lines
    .slice(at, end)
    .map((line) => line.trim())
    .join('\n')
  return { markup: html`<p>${renderInline(text, place)}</p>`, end }
}
