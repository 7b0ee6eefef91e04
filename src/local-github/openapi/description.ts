import rest from '../schema/rest.json' with { type: 'json' }

export type JsonSchema = Record<string, unknown>
type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

interface Parameter {
  name: string
  in: 'path' | 'query'
  required: boolean
  schema: JsonSchema
}

/** An operation of GitHub's API that the local GitHub emulates. */
export interface Operation {
  id: string
  method: Method
  path: string
  /** GitHub's page about it: the `documentation_url` of its refusals. */
  docs: string
  parameters: Parameter[]
  body?: { required: boolean; schema: JsonSchema }
  /** Schema by status; `null` for an answer without a body. */
  responses: Record<string, JsonSchema | null>
}

interface RestDescription {
  source: string
  operations: Operation[]
  known: [id: string, method: Method, path: string][]
  schemas: Record<string, JsonSchema>
}

/** The extract of GitHub's own description, made by scripts/extract-github-schema.ts. */
export const restDescription = rest as unknown as RestDescription

export type Match =
  | { kind: 'emulated'; operation: Operation; params: Record<string, string> }
  | { kind: 'known'; id: string }
  | { kind: 'unknown' }

interface Route {
  method: string
  pattern: RegExp
  literals: number
  target: Operation | string
}

/** Parameters that hold slashes: a branch, a file, a comparison. */
const multiSegment = new Set(['ref', 'path', 'basehead', 'branch'])

/** A directory's contents have no path when it is the root. */
const optionalTail = '/contents/{path}'

function routeOf(method: string, path: string, target: Operation | string): Route {
  if (path.endsWith(optionalTail)) {
    const parent = routeOf(method, path.slice(0, -'/{path}'.length), target)
    const source = parent.pattern.source.replace(/\$$/, '(?:/(?<path>.*))?$')
    return { ...parent, pattern: new RegExp(source) }
  }
  const segments = path.split('/').slice(1)
  const source = segments.map((segment) =>
    segment
      .replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&')
      .replaceAll(
        /\{(\w+)\}/g,
        (_, name: string) => `(?<${name}>${multiSegment.has(name) ? '.+?' : '[^/]+?'})`,
      ),
  )
  const literals = segments.filter((segment) => !segment.includes('{')).length
  return { method: method.toUpperCase(), pattern: new RegExp(`^/${source.join('/')}$`), literals, target }
}

let table: Map<string, Route[]> | undefined

/** Routes by method, the most literal first: `/issues/comments` before `/issues/{issue_number}`. */
function routes(method: string): readonly Route[] {
  if (!table) {
    const all = [
      ...restDescription.operations.map((operation) => routeOf(operation.method, operation.path, operation)),
      ...restDescription.known.map(([id, verb, path]) => routeOf(verb, path, id)),
    ].sort((a, b) => b.literals - a.literals)
    table = Map.groupBy(all, (route) => route.method)
  }
  return table.get(method) ?? []
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** Finds the operation for a method and a path below the API's base. */
export function matchOperation(method: string, path: string): Match {
  for (const route of routes(method)) {
    const found = route.pattern.exec(path)
    if (!found) continue
    if (typeof route.target === 'string') return { kind: 'known', id: route.target }
    const params: Record<string, string> = {}
    for (const [name, value] of Object.entries(found.groups ?? {})) {
      const decoded = decode(value ?? '')
      if (decoded === null) return { kind: 'unknown' }
      params[name] = decoded
    }
    return { kind: 'emulated', operation: route.target, params }
  }
  return { kind: 'unknown' }
}
