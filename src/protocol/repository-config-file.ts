import { LineCounter, parseDocument } from 'yaml'
import { RepositoryConfig } from './repository-config.ts'

/** Where the repository keeps its config; read from the default branch only. */
export const REPOSITORY_CONFIG_PATH = '.github/mission-control.yml'
/** A larger file is refused: nobody wrote it by hand. */
export const REPOSITORY_CONFIG_BYTES = 65_536

/** The config, or the first mistake with its place (line and column start at 1). */
export type ParsedRepositoryConfig =
  | { ok: true; config: RepositoryConfig }
  | { ok: false; line: number; column: number; message: string }

/** Reads the text of a config file. An empty file is the default config. Never throws for what is in it. */
export function parseRepositoryConfig(text: string): ParsedRepositoryConfig {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const problem = document.errors[0]
  if (problem) return at(problem.pos[0], problem.message)
  let value: unknown
  try {
    // aliases that expand without end are refused by the parser
    value = document.toJS({ maxAliasCount: 50 })
  } catch (error) {
    return at(0, error instanceof Error ? error.message : String(error))
  }
  const parsed = RepositoryConfig.safeParse(value ?? {})
  if (parsed.success) return { ok: true, config: parsed.data }
  const issue = parsed.error.issues[0]
  if (issue === undefined) return at(0, 'the file is not valid')
  const key = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path
  return at(offsetOf(key), `${key.map(String).join('.') || 'the file'}: ${issue.message}`)

  function at(offset: number, message: string): ParsedRepositoryConfig {
    const { line, col } = lines.linePos(offset)
    return { ok: false, line, column: col, message }
  }

  function offsetOf(path: readonly PropertyKey[]): number {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true) as
        | { range?: [number, number, number] }
        | undefined
      if (node?.range) return node.range[0]
    }
    return 0
  }
}
