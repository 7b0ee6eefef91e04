import { emulatedOperations } from '../../src/local-github/permissions.ts'
import { emittedWebhooks } from '../../src/local-github/webhooks/catalog.ts'

export type Node = { [key: string]: unknown }

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const
const wordsOnly = new Set([
  'description',
  'example',
  'examples',
  'externalDocs',
  'title',
  'deprecated',
  'x-multi-segment',
])

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function child(node: unknown, key: string): unknown {
  return isNode(node) ? node[key] : undefined
}

/** OpenAPI 3.0 -> JSON Schema: no words, `nullable` becomes the type null, references point into `schemas`. */
function slim(schema: unknown, rootId: string, names: Set<string>): unknown {
  if (Array.isArray(schema)) return schema.map((item) => slim(item, rootId, names))
  if (!isNode(schema)) return schema
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.replace('#/components/schemas/', '')
    names.add(name)
    return { $ref: `${rootId}#/schemas/${name}` }
  }
  const result: Node = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && isNode(value)) {
      const entries = Object.entries(value).map(([name, item]) => [name, slim(item, rootId, names)])
      result.properties = Object.fromEntries(entries)
    } else if (key === 'enum') result.enum = value
    else if (key !== 'nullable' && key !== 'default' && !wordsOnly.has(key) && !key.startsWith('x-'))
      result[key] = slim(value, rootId, names)
  }
  return schema.nullable === true ? nullable(result) : result
}

function nullable(schema: Node): Node {
  const { type, enum: values } = schema
  if (typeof type !== 'string') return { anyOf: [schema, { type: 'null' }] }
  const withNull = { ...schema, type: [type, 'null'] }
  return Array.isArray(values) && !values.includes(null) ? { ...withNull, enum: [...values, null] } : withNull
}

/** The schemas that these names reach, slimmed, in alphabetical order. */
function closure(schemas: unknown, rootId: string, names: Set<string>): Node {
  const found = new Map<string, unknown>()
  const open = [...names]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue
    const schema = child(schemas, name)
    if (schema === undefined) throw new Error(`The description has no schema ${name}.`)
    const more = new Set<string>()
    found.set(name, slim(schema, rootId, more))
    open.push(...more)
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function dereference(description: Node, value: unknown): unknown {
  const reference = child(value, '$ref')
  if (typeof reference !== 'string') return value
  return reference
    .slice(2)
    .split('/')
    .reduce((node: unknown, key) => child(node, key), description)
}

function jsonSchemaOf(content: unknown): unknown {
  if (!isNode(content)) return undefined
  const type = Object.keys(content).find((name) => /json/.test(name))
  return type === undefined ? undefined : child(content[type], 'schema')
}

/** Where the package is wrong: it merges the account's `anyOf` (user or enterprise) into one impossible `allOf`. */
const corrections: Record<string, Node> = {
  'apps/list-installations': { type: 'array', items: { $ref: '#/components/schemas/installation' } },
}

function answerSchema(operation: Node, described: unknown, names: Set<string>): unknown {
  const schema = corrections[String(operation.operationId)] ?? jsonSchemaOf(child(described, 'content'))
  return schema === undefined ? null : slim(schema, 'rest', names)
}

function operationOf(description: Node, item: Node, operation: Node, names: Set<string>): Node {
  const list = [item.parameters, operation.parameters].flatMap((value) => (Array.isArray(value) ? value : []))
  const parameters = list
    .map((value: unknown) => dereference(description, value))
    .filter(isNode)
    .filter((parameter) => parameter.in === 'query' || parameter.in === 'path')
    .map((parameter) => ({
      name: parameter.name,
      in: parameter.in,
      required: parameter.required === true,
      schema: slim(parameter.schema, 'rest', names),
    }))
  const body = dereference(description, operation.requestBody)
  const bodySchema = jsonSchemaOf(child(body, 'content'))
  const responses = Object.entries(isNode(operation.responses) ? operation.responses : {})
    .filter(([status]) => /^[23]/.test(status))
    .map(([status, value]) => [status, answerSchema(operation, dereference(description, value), names)])
  return {
    docs: child(operation.externalDocs, 'url'),
    parameters,
    ...(bodySchema !== undefined && {
      body: { required: child(body, 'required') === true, schema: slim(bodySchema, 'rest', names) },
    }),
    responses: Object.fromEntries(responses),
  }
}

/** What the local GitHub needs of GitHub's REST description; `source` names where it comes from. Throws when a name is unknown. */
export function extractRest(description: Node, source: string): Node {
  const names = new Set<string>()
  const operations: Node[] = []
  const known: unknown[] = []
  for (const [route, item] of Object.entries(isNode(description.paths) ? description.paths : {}))
    for (const method of methods) {
      const operation = child(item, method)
      if (!isNode(operation) || !isNode(item)) continue
      const id = String(operation.operationId)
      if (emulatedOperations.includes(id))
        operations.push({ id, method, path: route, ...operationOf(description, item, operation, names) })
      else known.push([id, method, route])
    }
  const missing = emulatedOperations.filter((id) => !operations.some((operation) => operation.id === id))
  if (missing.length > 0) throw new Error(`GitHub describes no ${missing.join(', ')}.`)
  const schemas = closure(child(description.components, 'schemas'), 'rest', names)
  return { source, operations, known, schemas }
}

/** What the local GitHub needs of GitHub's webhook description. Throws when a name is unknown. */
export function extractWebhooks(description: Node, source: string): Node {
  const names = new Set<string>()
  const webhooks = emittedWebhooks.map((name) => {
    const post = child(child(description.webhooks, name), 'post')
    const schema = jsonSchemaOf(child(child(post, 'requestBody'), 'content'))
    if (schema === undefined) throw new Error(`GitHub describes no webhook ${name}.`)
    return [name, slim(schema, 'webhooks', names)]
  })
  const schemas = closure(child(description.components, 'schemas'), 'webhooks', names)
  return { source, webhooks: Object.fromEntries(webhooks), schemas }
}
