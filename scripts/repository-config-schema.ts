/** The JSON Schema of `.github/mission-control.yml`, for editors, and its table for people. */

import { z } from 'zod'
import { RepositoryConfig } from '../src/protocol/repository-config.ts'
import { REPOSITORY_CONFIG_PATH } from '../src/protocol/repository-config-file.ts'
import { markdownTable } from './markdown-table.ts'
import { repositoryConfigMeanings } from './repository-config-meanings.ts'

type Schema = {
  type?: string
  enum?: readonly unknown[]
  anyOf?: readonly Schema[]
  items?: Schema
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  default?: unknown
  description?: string
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  propertyNames?: Schema
}

/** What a person writes: nothing is required, and unknown keys are refused. */
function inputSchema(): Schema {
  return z.toJSONSchema(RepositoryConfig, { io: 'input', target: 'draft-7' }) as Schema
}

export function repositoryConfigSchema(): string {
  const schema = inputSchema()
  for (const [key, property] of leaves(schema)) property.description = meaningOf(key)
  const head = { title: `Mission Control: ${REPOSITORY_CONFIG_PATH}` }
  return `${JSON.stringify({ ...head, ...schema }, null, 2)}\n`
}

/** One row per key. Throws when a key has no meaning, or a meaning no key. */
export function repositoryConfigTable(): string[] {
  const keys = leaves(inputSchema())
  const strangers = Object.keys(repositoryConfigMeanings).filter(
    (key) => !keys.some(([name]) => name === key),
  )
  if (strangers.length > 0) throw new Error(`no such key in the repository config: ${strangers.join(', ')}`)
  const rows = keys.map(([key, property, inherited]) => {
    const value = 'default' in property ? property.default : inherited
    return [
      `\`${key}\``,
      valuesOf(property),
      value === undefined ? '' : `\`${JSON.stringify(value)}\``,
      meaningOf(key),
    ]
  })
  return markdownTable(['key', 'values', 'default', 'what it does'], rows)
}

function meaningOf(key: string): string {
  const meaning = repositoryConfigMeanings[key]
  if (meaning === undefined) throw new Error(`scripts/repository-config-meanings.ts says nothing of ${key}`)
  return meaning.later ? `${meaning.does} Not in effect yet.` : meaning.does
}

/** Every key that holds a value: name, schema, and the default when it stands in the one above. */
function leaves(schema: Schema): [key: string, property: Schema, inherited: unknown][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    if (name === 'models') return [['models.*', property, undefined] as [string, Schema, unknown]]
    if (property.properties === undefined) return [[name, property, undefined] as [string, Schema, unknown]]
    const above = property.default as Record<string, unknown> | undefined
    return leaves(property).map(
      ([key, below]) => [`${name}.${key}`, below, above?.[key]] as [string, Schema, unknown],
    )
  })
}

function valuesOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ')
  if (schema.anyOf) return schema.anyOf.map(valuesOf).join(' or ')
  if (schema.type === 'array') return `list of ${valuesOf(schema.items ?? {}).replace(/^a /, '')}`
  if (schema.type === 'object') return 'mapping'
  if (schema.type === 'boolean') return '`true`, `false`'
  if (schema.type === 'integer' || schema.type === 'number') return `${schema.type}${range(schema)}`
  return schema.type ?? ''
}

function range({ minimum, maximum, exclusiveMinimum }: Schema): string {
  const least = minimum ?? (exclusiveMinimum === undefined ? undefined : exclusiveMinimum + 1)
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum
  if (most === undefined) return least === undefined ? '' : ` from ${least}`
  return ` from ${least} to ${most}`
}
