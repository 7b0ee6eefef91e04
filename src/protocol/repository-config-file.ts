import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { RepositoryConfig } from './repository-config.ts'

/** Where the repository keeps its config; read from the default branch only. */
export const REPOSITORY_CONFIG_PATH = '.github/mission-control.yml'
/** A larger file is refused: nobody wrote it by hand. */
export const REPOSITORY_CONFIG_BYTES = 65_536

/** The text of a config file, empty when there is none; or why there is no text, as what follows "the file". */
export type RepositoryConfigText = string | { unreadable: string }

/** The config, or the first mistake with its place (line and column start at 1). */
export type ParsedRepositoryConfig =
  | { ok: true; config: RepositoryConfig }
  | { ok: false; line: number; column: number; message: string }

const MOST_MESSAGE = 300

/** Reads the text of a config file. An empty file is the default config. Never throws for what is in it. */
export function parseRepositoryConfig(text: RepositoryConfigText): ParsedRepositoryConfig {
  if (typeof text !== 'string') return mistake(1, 1, `the file ${text.unreadable}`)
  const bytes = Buffer.byteLength(text)
  if (bytes > REPOSITORY_CONFIG_BYTES) {
    return mistake(1, 1, `the file has ${bytes} bytes; at most ${REPOSITORY_CONFIG_BYTES} are read`)
  }
  const control = /[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.exec(text)
  const lines = new LineCounter()
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
    if (control) return at(control.index, 'the file has a character that is not printable')
    // a tag that nobody knows is a warning only
    const problem = document.errors[0] ?? document.warnings[0]
    if (problem) return at(problem.pos[0], problem.message)
    const repeated = repeatedKey(document)
    if (repeated !== null) return at(repeated, 'Map keys must be unique')
    // aliases that expand without end are refused by the parser
    const parsed = RepositoryConfig.safeParse(document.toJS({ maxAliasCount: 50 }) ?? {})
    if (!parsed.success) return at(offsetOf(document, parsed.error), describe(parsed.error))
    if (/\\u0000|\\ud[89a-f]/.test(JSON.stringify(parsed.data))) {
      return at(0, 'a value has a character that cannot be stored')
    }
    return { ok: true, config: parsed.data }
  } catch (error) {
    // too many aliases, or nested so deeply that the parser runs out of stack
    return at(0, error instanceof Error ? error.message : String(error))
  }

  function at(offset: number, message: string): ParsedRepositoryConfig {
    const { line, col } = lines.linePos(offset)
    return mistake(Math.max(1, line), Math.max(1, col), message)
  }
}

function mistake(line: number, column: number, message: string): ParsedRepositoryConfig {
  return {
    ok: false,
    line,
    column,
    message: message.replaceAll('\0', '').toWellFormed().slice(0, MOST_MESSAGE),
  }
}

/** Where a map names a key again. The parser's own check compares each key with all others: seconds for one file. */
function repeatedKey(document: Document.Parsed): number | null {
  let found: number | null = null
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        if (seen.has(key.value)) {
          found = key.range?.[0] ?? 0
          return visit.BREAK
        }
        seen.add(key.value)
      }
      return undefined
    },
  })
  return found
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0]
  return `${issue?.path.map(String).join('.') || 'the file'}: ${issue?.message ?? 'is not valid'}`
}

/** Where the first mistake stands: at an unknown key, at a wrong value, or at the nearest key around it. */
function offsetOf(document: Document.Parsed, error: z.ZodError): number {
  const issue = error.issues[0]
  if (issue === undefined) return 0
  const unknown = issue.code === 'unrecognized_keys'
  const path = unknown ? [...issue.path, issue.keys[0] ?? ''] : issue.path
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true) ?? document.contents
    const last = path[length - 1]
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === last)
      const node = (unknown ? pair?.key : (pair?.value ?? pair?.key)) as Ranged
      if (node?.range) return node.range[0]
    }
    const node = document.getIn(path.slice(0, length), true) as Ranged
    if (node?.range) return node.range[0]
  }
  return 0
}

type Ranged = { range?: [number, number, number] | null } | null | undefined
