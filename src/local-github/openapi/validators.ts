import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { schemaCompiler } from './compiler.ts'
import { type JsonSchema, type Operation, restDescription } from './description.ts'

export type Validator = (value: unknown) => ErrorObject[]

let compiler: Ajv2020 | undefined

function ajv(): Ajv2020 {
  compiler ??= schemaCompiler('rest', restDescription.schemas)
  return compiler
}

const compiled = new Map<string, Validator>()

function validator(key: string, schema: () => JsonSchema): Validator {
  const known = compiled.get(key)
  if (known) return known
  const check: ValidateFunction = ajv().compile(schema())
  const made: Validator = (value) => (check(value) ? [] : [...(check.errors ?? [])])
  compiled.set(key, made)
  return made
}

/** Checks a body; compiled when an operation is first called. `undefined`: the operation takes none. */
export function bodyValidator(operation: Operation): Validator | undefined {
  const { body } = operation
  return body && validator(`${operation.id} body`, () => body.schema)
}

/** Checks query parameters as one object; unknown names are refused. */
export function queryValidator(operation: Operation): Validator {
  return validator(`${operation.id} query`, () => {
    const parameters = operation.parameters.filter((parameter) => parameter.in === 'query')
    return {
      type: 'object',
      properties: Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.schema])),
      required: parameters.filter((parameter) => parameter.required).map((parameter) => parameter.name),
      additionalProperties: false,
    }
  })
}

/** What the description finds wrong with an answer of ours; empty when nothing. */
export function responseProblems(operation: Operation, status: number, body: unknown): string[] {
  const schema = operation.responses[status]
  if (schema === undefined) return [`${operation.id} never answers ${status}.`]
  if (schema === null) return body === undefined ? [] : [`${operation.id} ${status} has no body.`]
  const check = validator(`${operation.id} ${status}`, () => schema)
  return check(body).map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`)
}
