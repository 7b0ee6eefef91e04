import type { ErrorObject } from 'ajv'
import { type Refusal, refuse } from '../actions/outcome.ts'
import { type JsonSchema, type Operation, restDescription } from './description.ts'
import { bodyValidator, queryValidator } from './validators.ts'

export type CheckedRequest = { ok: true; query: Record<string, unknown> } | Refusal

function typeOf(schema: JsonSchema): unknown {
  const reference = schema.$ref
  if (typeof reference !== 'string') return schema.type
  return restDescription.schemas[reference.replace('rest#/schemas/', '')]?.type
}

/** Query text by the type that the description gives it; text that does not fit stays text and is refused then. */
function coerce(schema: JsonSchema | undefined, text: string): unknown {
  const type = schema && typeOf(schema)
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function coerceQuery(operation: Operation, search: URLSearchParams): Record<string, unknown> {
  const schemas = new Map(operation.parameters.map((parameter) => [parameter.name, parameter.schema]))
  return Object.fromEntries([...search].map(([name, text]) => [name, coerce(schemas.get(name), text)]))
}

function hasBadPath(operation: Operation, params: Record<string, string>): boolean {
  return operation.parameters.some((parameter) => {
    const value = params[parameter.name]
    return (
      parameter.in === 'path' &&
      value !== undefined &&
      typeOf(parameter.schema) === 'integer' &&
      !/^\d{1,15}$/.test(value)
    )
  })
}

/** Every property name that some form of the body knows; `null` when it is no object or takes any name. */
function knownNames(schema: JsonSchema): Set<string> | null {
  const reference = schema.$ref
  if (typeof reference === 'string')
    return knownNames(restDescription.schemas[reference.replace('rest#/schemas/', '')] ?? {})
  const names = new Set(Object.keys((schema.properties as JsonSchema | undefined) ?? {}))
  for (const key of ['oneOf', 'anyOf', 'allOf'])
    for (const part of (schema[key] as JsonSchema[] | undefined) ?? [])
      for (const name of knownNames(part) ?? []) names.add(name)
  return names.size > 0 ? names : null
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}

function valueAt(body: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce(
      (value: unknown, key) => (value as Record<string, unknown> | undefined)?.[key.replaceAll('~1', '/')],
      body,
    )
}

/** One schema error in the words of GitHub's own schema check. */
function sentence(error: ErrorObject, body: unknown): string {
  const place = error.instancePath ? `For 'properties${error.instancePath}', ` : ''
  const value = shown(valueAt(body, error.instancePath))
  switch (error.keyword) {
    case 'required':
      return `${place}"${String(error.params.missingProperty)}" wasn't supplied.`
    case 'additionalProperties':
      return `${place}"${String(error.params.additionalProperty)}" is not a permitted key.`
    case 'type':
      return `${place}${value} is not ${article([error.params.type].flat().map(String))}.`
    case 'enum':
      return `${place}${value} is not a member of ${JSON.stringify(error.params.allowedValues)}.`
    case 'maxProperties':
      return `${place}${count(error.params.limit, 'No more than', 'properties')}; ${sizeOf(valueAt(body, error.instancePath))} were supplied.`
    case 'maxItems':
      return `${place}${count(error.params.limit, 'No more than', 'items')}; ${sizeOf(valueAt(body, error.instancePath))} were supplied.`
    case 'maxLength':
      return `${place}${count(error.params.limit, 'Only', 'characters')}; ${sizeOf(valueAt(body, error.instancePath))} were supplied.`
    default:
      return `${place}${value} ${error.message ?? 'is not valid'}.`
  }
}

function count(limit: unknown, words: 'No more than' | 'Only', what: string): string {
  return `${words} ${String(limit)} ${what} are ${words === 'Only' ? 'permitted' : 'allowed'}`
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return [...value].length
  return Object.keys(value as object).length
}

function article(types: readonly string[]): string {
  return types
    .map((type) => (type === 'null' ? 'null' : /^[aio]/.test(type) ? `an ${type}` : `a ${type}`))
    .join(' or ')
}

function invalidRequest(sentences: readonly string[]): Refusal {
  return refuse(422, `Invalid request.\n\n${[...new Set(sentences)].join('\n')}`)
}

/**
 * Checks path, query and body against GitHub's description. A path that cannot be is 404; all else that does not
 * fit is 422, names that the description does not know included (GitHub ignores most of those: here they are bugs).
 */
export function checkRequest(
  operation: Operation,
  params: Record<string, string>,
  search: URLSearchParams,
  body: unknown,
): CheckedRequest {
  if (hasBadPath(operation, params)) return refuse(404, 'Not Found')
  const query = coerceQuery(operation, search)
  const queryErrors = queryValidator(operation)(query)
  if (queryErrors.length > 0) return invalidRequest(queryErrors.map((error) => sentence(error, query)))
  const problems = bodyProblems(operation, body)
  return problems.length > 0 ? invalidRequest(problems) : { ok: true, query }
}

function bodyProblems(operation: Operation, body: unknown): string[] {
  const check = bodyValidator(operation)
  const isEmpty =
    body === undefined || (typeof body === 'object' && body !== null && Object.keys(body).length === 0)
  if (!check || !operation.body) return isEmpty ? [] : ['No body is permitted.']
  if (body === undefined && !operation.body.required) return []
  const errors = check(body ?? {})
  const problems = errors.filter((error) => !isBranch(error)).map((error) => sentence(error, body ?? {}))
  return [...problems, ...unknownNames(operation.body.schema, body)]
}

/** `oneOf` and `anyOf` add an error of their own beside those of their parts. */
function isBranch(error: ErrorObject): boolean {
  return error.keyword === 'if'
}

function unknownNames(schema: JsonSchema, body: unknown): string[] {
  const known = knownNames(schema)
  if (!known || typeof body !== 'object' || body === null || Array.isArray(body)) return []
  return Object.keys(body)
    .filter((name) => !known.has(name))
    .map((name) => `"${name}" is not a permitted key.`)
}
