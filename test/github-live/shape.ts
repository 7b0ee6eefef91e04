/** One answer of GitHub, or one payload that it sent. */
export interface Observation {
  /** Operation and caller, or the webhook: `issues/get as installation`, `webhook issues.opened`. */
  what: string
  /** `null` for a webhook. */
  status: number | null
  headers: Readonly<Record<string, string>>
  body: unknown
}

type Types = Set<string>

/** What was seen at every place of some answers: `/user/login`, `/labels/[]/name`. */
type Shape = Map<string, Types>

/** Compared where the values are no matter of the moment. */
const comparedHeaders = [
  'content-type',
  'etag',
  'location',
  'retry-after',
  'x-accepted-github-permissions',
  'x-github-media-type',
  'x-github-request-id',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-ratelimit-resource',
  'x-ratelimit-used',
]

/** Payloads of deliveries are compared as what they are, not once more in the list of deliveries. */
const leftOut = new Set(['apps/get-webhook-delivery as app /request/payload'])

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function look(what: string, shape: Shape, path: string, value: unknown): void {
  if (leftOut.has(`${what} ${path}`)) return
  const types = shape.get(path) ?? new Set()
  shape.set(path, types)
  types.add(typeOf(value))
  if (Array.isArray(value)) for (const item of value) look(what, shape, `${path}/[]`, item)
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) look(what, shape, `${path}/${key}`, inner)
}

function shapeOf(observations: readonly Observation[]): Shape {
  const shape: Shape = new Map()
  for (const { what, headers, body } of observations) {
    look(what, shape, '', body)
    for (const name of comparedHeaders) {
      const value = headers[name]
      if (value !== undefined) look(what, shape, `header ${name}`, value)
    }
  }
  return shape
}

/** Whether something could be at a path: what is missing from a list without items is not known to be missing. */
function couldBe(shape: Shape, path: string): boolean {
  if (path.startsWith('header ')) return true
  const parent = shape.get(path.slice(0, path.lastIndexOf('/')))
  return !path.endsWith('/[]') && parent?.has('object') === true
}

const words = (types: Types) => [...types].sort().join(' or ')
const withoutNull = (types: Types) => new Set([...types].filter((type) => type !== 'null'))

/** Null here and something else there at another time is a matter of values; always null here and never there is not. */
function differ(a: Types, b: Types): boolean {
  const [left, right] = [withoutNull(a), withoutNull(b)]
  if (left.size > 0 && right.size > 0) return words(left) !== words(right)
  return a.has('null') !== b.has('null')
}

function compareShapes(title: string, theirs: Shape, ours: Shape): string[] {
  const lines: string[] = []
  for (const path of new Set([...theirs.keys(), ...ours.keys()])) {
    const [there, here] = [theirs.get(path), ours.get(path)]
    const name = `${title}: ${path || '/'}`
    if (there && here) {
      if (differ(there, here)) lines.push(`${name}: GitHub ${words(there)}, local ${words(here)}`)
    } else if (there && couldBe(ours, path)) lines.push(`${name}: GitHub ${words(there)}, local absent`)
    else if (here && couldBe(theirs, path)) lines.push(`${name}: GitHub absent, local ${words(here)}`)
  }
  return withoutInner(lines, title)
}

/** When an object is missing, what is in it goes without saying. */
function withoutInner(lines: string[], title: string): string[] {
  const missing = lines.filter((line) => line.includes('absent')).map((line) => pathIn(line, title))
  return lines.filter((line) => !missing.some((path) => pathIn(line, title).startsWith(`${path}/`)))
}

const pathIn = (line: string, title: string) => line.slice(title.length + 2).replace(/: GitHub .*$/, '')

export interface Comparison {
  /** One line for each. */
  differences: string[]
  /** What only one side was seen to do: nothing can be said about it. */
  notCompared: string[]
  compared: number
}

const titleOf = ({ what, status }: Observation) => (status === null ? what : `${what} ${status}`)

/** Compares what GitHub answered and sent with what the local GitHub did: statuses, keys, types, some headers. */
export function compareObservations(
  theirs: readonly Observation[],
  ours: readonly Observation[],
): Comparison {
  const [there, here] = [Map.groupBy(theirs, titleOf), Map.groupBy(ours, titleOf)]
  const [whatThere, whatHere] = [theirs, ours].map((all) => new Set(all.map(({ what }) => what)))
  const result: Comparison = { differences: [], notCompared: [], compared: 0 }
  for (const title of [...new Set([...there.keys(), ...here.keys()])].sort()) {
    const [a, b] = [there.get(title), here.get(title)]
    if (a && b) {
      result.compared += 1
      result.differences.push(...compareShapes(title, shapeOf(a), shapeOf(b)))
      continue
    }
    const [what] = (a ?? b ?? []).map((one) => one.what)
    const side = a ? 'GitHub' : 'local'
    const both = what !== undefined && whatThere?.has(what) && whatHere?.has(what)
    if (both) result.differences.push(`${title}: ${side} only`)
    else result.notCompared.push(`${title}: seen at ${a ? 'GitHub' : 'the local GitHub'} only`)
  }
  return result
}
