/** Slash commands: the first word of a line of a comment, where that line is plain text and nothing else. */

export type Command = {
  /** Lower case, without the slash; not necessarily one that exists. */
  readonly name: string
  /** The words behind it on its line. */
  readonly args: readonly string[]
  /** The same as written, trimmed. */
  readonly text: string
}

export type ParsedCommands = {
  readonly commands: readonly Command[]
  /** One sentence for everything that looked like a command and does not run because of a limit. */
  readonly dropped: readonly string[]
}

export const mostCommands = 5
export const longestBody = 65_536
const longestText = 4_000

const commandLine = /^ {0,3}\/([a-z][a-z-]{0,38})(?:[ \t]+(.*))?$/i

/**
 * Reads the commands of a comment's body. Quotes (with their lazy continuation lines), fenced and indented code,
 * code spans, HTML comments and raw HTML that shows code or quotes are skipped; in doubt a line does not run.
 */
export function parseCommands(body: string): ParsedCommands {
  if (body.length > longestBody) {
    return {
      commands: [],
      dropped: [`The comment is longer than ${longestBody} characters; no command of it runs.`],
    }
  }
  const commands: Command[] = []
  const dropped: string[] = []
  for (const line of plainLines(body)) {
    const match = commandLine.exec(line)
    if (match === null) continue
    const name = (match[1] ?? '').toLowerCase()
    const text = (match[2] ?? '').trim()
    if (commands.length === mostCommands) {
      dropped.push(`Only the first ${mostCommands} commands of a comment run, so /${name} did not.`)
    } else if (text.length > longestText) {
      dropped.push(`/${name} did not run: more than ${longestText} characters stand behind it.`)
    } else {
      commands.push({ name, args: text === '' ? [] : text.split(/\s+/), text })
    }
  }
  return { commands, dropped: dropped.slice(0, mostCommands) }
}

/** The lines that GitHub shows as ordinary text from their first character on. */
function plainLines(body: string): string[] {
  const blocks = readBlocks(body)
  const text = blocks.map((block) => (block.kind === 'fence' ? '' : block.line)).join('\n')
  const spans = codeSpans(text)
  const hidden = [...spans, ...hidingHtml(blank(text, spans))].sort((a, b) => a.from - b.from)
  const found: string[] = []
  let at = 0
  let next = 0
  let hiddenTo = 0
  for (const block of blocks) {
    const end = at + (block.kind === 'fence' ? 0 : block.line.length)
    for (let range = hidden[next]; range !== undefined && range.from <= at; range = hidden[next]) {
      hiddenTo = Math.max(hiddenTo, range.to)
      next += 1
    }
    if (block.kind === 'plain' && hiddenTo <= at) found.push(block.line)
    at = end + 1
  }
  return found
}

type Block = { readonly line: string; readonly kind: 'plain' | 'fence' | 'other' }

/** Indented lines never run, although inside a paragraph GitHub shows them as text. */
function readBlocks(body: string): Block[] {
  let fence: string | null = null
  let quote = false
  return body.split(/\r\n|\r|\n/).map((line) => {
    if (fence !== null) {
      if (closes(line, fence)) fence = null
      return { line, kind: 'fence' }
    }
    fence = opened(line)
    if (fence !== null || /^\s*$/.test(line)) {
      quote = false
      return { line, kind: fence === null ? 'other' : 'fence' }
    }
    quote ||= /^\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)*>/.test(line)
    const indented = /^(?: {4}| {0,3}\t)/.test(line)
    return { line, kind: quote || indented ? 'other' : 'plain' }
  })
}

/** The fence that a line opens, inside lists and quotes too. */
function opened(line: string): string | null {
  const match = /^\s*(?:(?:[-*+]|\d{1,9}[.)]|>)\s*)*(`{3,}(?=[^`]*$)|~{3,})/.exec(line)
  return match?.[1] ?? null
}

function closes(line: string, fence: string): boolean {
  const match = /^[\s>]*(`{3,}|~{3,})\s*$/.exec(line)
  return match?.[1] !== undefined && match[1][0] === fence[0] && match[1].length >= fence.length
}

type Range = { readonly from: number; readonly to: number }

/** Code spans: a run of backticks up to the next run of the same length in the same paragraph. */
function codeSpans(text: string): Range[] {
  const found: Range[] = []
  let runs: Range[] = []
  let at = 0
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      found.push(...pairs(runs))
      runs = []
    }
    for (const run of line.matchAll(/`+/g))
      runs.push({ from: at + run.index, to: at + run.index + run[0].length })
    at += line.length + 1
  }
  found.push(...pairs(runs))
  return found
}

function pairs(runs: readonly Range[]): Range[] {
  const found: Range[] = []
  for (let at = 0; at < runs.length; at += 1) {
    const opener = runs[at]
    for (let next = at + 1; opener !== undefined && next < runs.length; next += 1) {
      const closer = runs[next]
      if (closer === undefined || closer.to - closer.from !== opener.to - opener.from) continue
      found.push({ from: opener.from, to: closer.to })
      at = next
      break
    }
  }
  return found
}

const hiding =
  /<!--[\s\S]*?(?:-->|$)|<(code|samp|kbd)\b[\s\S]*?(?:<\/\1\s*>|$)|<(pre|blockquote|script|style|textarea)\b(?:[\s\S]*<\/\2\s*>|[\s\S]*$)/gi

function hidingHtml(text: string): Range[] {
  return [...text.matchAll(hiding)].map((match) => ({ from: match.index, to: match.index + match[0].length }))
}

function blank(text: string, ranges: readonly Range[]): string {
  let rest = 0
  let out = ''
  for (const range of ranges) {
    out += text.slice(rest, range.from) + ' '.repeat(range.to - range.from)
    rest = range.to
  }
  return out + text.slice(rest)
}
