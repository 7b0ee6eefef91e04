import { type Html, type HtmlValue, html } from '../html.ts'

/** Where `#12` leads. */
export interface MarkdownPlace {
  /** `/owner/repo` */
  repositoryPath: string
}

const DEEPEST = 12
const PLAIN = /[^\\`*_~[!<h#@\n]+/y
const ADDRESS = /https?:\/\/[^\s<>"'`]+/y
const REFERENCE = /#(\d{1,9})(?!\w)/y
const MENTION = /@([A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))(?!\w)/y
const LINE_BREAK = /<br ?\/?>/iy
const MARKS = [
  ['**', 'strong'],
  ['__', 'strong'],
  ['~~', 'del'],
  ['*', 'em'],
  ['_', 'em'],
] as const

/**
 * Emphasis, code, links, `#12` and `@name` inside one block; all else is text. Links lead to http and https
 * only, images are shown as links. Linear but for a bounded depth: a mark that once had no end is not searched
 * for again.
 */
export function renderInline(text: string, place: MarkdownPlace, depth = 0): Html {
  const out: HtmlValue[] = []
  const hopeless = new Set<string>()
  let at = 0
  while (at < text.length) {
    const found = depth < DEEPEST ? readPiece(text, at, place, depth, hopeless) : null
    if (found) {
      out.push(found.piece)
      at = found.end
      continue
    }
    PLAIN.lastIndex = at
    const end = PLAIN.test(text) ? PLAIN.lastIndex : at + 1
    out.push(text.slice(at, end))
    at = end
  }
  return html`${out}`
}

interface Piece {
  piece: HtmlValue
  end: number
}

function readPiece(
  text: string,
  at: number,
  place: MarkdownPlace,
  depth: number,
  hopeless: Set<string>,
): Piece | null {
  switch (text.charAt(at)) {
    case '\n':
      return { piece: html`<br>`, end: at + 1 }
    case '\\':
      return /[!-/:-@[-`{-~]/.test(text.charAt(at + 1)) ? { piece: text.charAt(at + 1), end: at + 2 } : null
    case '`':
      return readCode(text, at, hopeless)
    case '[':
      return readLink(text, at, place, depth, hopeless)
    case '!':
      return text.charAt(at + 1) === '[' ? readLink(text, at + 1, place, depth, hopeless) : null
    case '<':
      return readAngle(text, at)
    case 'h':
      return readAddress(text, at)
    case '#':
    case '@':
      return readReference(text, at, place)
    default:
      return readEmphasis(text, at, place, depth, hopeless)
  }
}

function readCode(text: string, at: number, hopeless: Set<string>): Piece | null {
  const ticks = /^`+/.exec(text.slice(at, at + 20))?.[0] ?? '`'
  if (hopeless.has(ticks)) return null
  const end = text.indexOf(ticks, at + ticks.length)
  if (end < 0) {
    hopeless.add(ticks)
    return null
  }
  return { piece: html`<code>${text.slice(at + ticks.length, end).trim()}</code>`, end: end + ticks.length }
}

function readLink(
  text: string,
  at: number,
  place: MarkdownPlace,
  depth: number,
  hopeless: Set<string>,
): Piece | null {
  if (hopeless.has('](')) return null
  const middle = text.indexOf('](', at)
  const end = middle < 0 ? -1 : text.indexOf(')', middle)
  if (end < 0) {
    hopeless.add('](')
    return null
  }
  const label = text.slice(at + 1, middle)
  const address =
    text
      .slice(middle + 2, end)
      .trim()
      .split(/\s/)[0] ?? ''
  const words = renderInline(label, place, depth + 1)
  if (!isWebAddress(address)) return { piece: html`[${words}](${text.slice(middle + 2, end)})`, end: end + 1 }
  return { piece: link(address, words), end: end + 1 }
}

function readAngle(text: string, at: number): Piece | null {
  LINE_BREAK.lastIndex = at
  if (LINE_BREAK.test(text)) return { piece: html`<br>`, end: LINE_BREAK.lastIndex }
  const found = readAddress(text, at + 1)
  return found && text.charAt(found.end) === '>' ? { ...found, end: found.end + 1 } : null
}

function readAddress(text: string, at: number): Piece | null {
  if (/\w/.test(text.charAt(at - 1))) return null
  ADDRESS.lastIndex = at
  const address = withoutTail(ADDRESS.exec(text)?.[0] ?? '')
  return address && isWebAddress(address) ? { piece: link(address, address), end: at + address.length } : null
}

/** A sentence's punctuation after an address is not part of it. */
function withoutTail(address: string): string {
  let end = address.length
  while (end > 0 && '.,;:!?)]*_~'.includes(address.charAt(end - 1))) end -= 1
  return address.slice(0, end)
}

function readReference(text: string, at: number, place: MarkdownPlace): Piece | null {
  if (/\w/.test(text.charAt(at - 1))) return null
  REFERENCE.lastIndex = at
  const number = REFERENCE.exec(text)?.[1]
  if (number) {
    return {
      piece: html`<a href="${place.repositoryPath}/issues/${number}">#${number}</a>`,
      end: REFERENCE.lastIndex,
    }
  }
  MENTION.lastIndex = at
  const login = MENTION.exec(text)?.[1]
  return login ? { piece: html`<strong class="mention">@${login}</strong>`, end: MENTION.lastIndex } : null
}

function readEmphasis(
  text: string,
  at: number,
  place: MarkdownPlace,
  depth: number,
  hopeless: Set<string>,
): Piece | null {
  for (const [mark, element] of MARKS) {
    if (!text.startsWith(mark, at) || hopeless.has(mark)) continue
    const start = at + mark.length
    const inWord = mark.startsWith('_') && /\w/.test(text.charAt(at - 1))
    if (inWord || /\s|^$/.test(text.charAt(start))) continue
    const end = closing(text, mark, start)
    if (end < 0) {
      hopeless.add(mark)
      continue
    }
    const words = renderInline(text.slice(start, end), place, depth + 1)
    const piece =
      element === 'strong'
        ? html`<strong>${words}</strong>`
        : element === 'del'
          ? html`<del>${words}</del>`
          : html`<em>${words}</em>`
    return { piece, end: end + mark.length }
  }
  return null
}

/** The next end of a mark: not after a space, and for underscores not inside a word. */
function closing(text: string, mark: string, start: number): number {
  for (let end = text.indexOf(mark, start + 1); end >= 0; end = text.indexOf(mark, end + 1)) {
    const after = text.charAt(end + mark.length)
    const inWord = mark.startsWith('_') && /\w/.test(after)
    const double = mark.length === 1 && (after === mark || text.charAt(end - 1) === mark)
    if (!/\s/.test(text.charAt(end - 1)) && !inWord && !double) return end
  }
  return -1
}

function isWebAddress(address: string): boolean {
  return /^https?:\/\//i.test(address) && URL.canParse(address)
}

function link(address: string, words: HtmlValue): Html {
  return html`<a href="${address}" rel="nofollow noopener noreferrer">${words}</a>`
}
