import { type Html, html } from '../html.ts'
import { type MarkdownPlace, renderInline } from './inline.ts'

const DELIMITER = /^ {0,3}\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/

/** True where a row of heads is followed by its line of dashes. */
export function isTableStart(lines: string[], at: number): boolean {
  const [head = '', dashes = ''] = [lines[at], lines[at + 1]]
  return head.includes('|') && dashes.includes('-') && dashes.includes('|') && DELIMITER.test(dashes)
}

/** A table up to the first line without a bar. */
export function readTable(lines: string[], at: number, place: MarkdownPlace): { markup: Html; end: number } {
  let end = at + 2
  while (end < lines.length && (lines[end] ?? '').includes('|')) end += 1
  const heads = cells(lines[at] ?? '')
  const rows = lines.slice(at + 2, end).map((line) => {
    const row = cells(line)
    return html`<tr>${heads.map((_, index) => html`<td>${renderInline(row[index] ?? '', place)}</td>`)}</tr>`
  })
  const head = heads.map((cell) => html`<th>${renderInline(cell, place)}</th>`)
  const markup = html`<div class="table"><table><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>`
  return { markup, end }
}

/** The cells of a row; `\|` is a bar inside a cell. */
function cells(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'))
}
