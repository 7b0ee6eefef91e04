import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js'
import { schemaCompiler } from '../openapi/compiler.ts'
import description from '../schema/webhooks.json' with { type: 'json' }
import { webhookName } from './catalog.ts'

interface WebhookDescription {
  source: string
  webhooks: Record<string, Record<string, unknown>>
  schemas: Record<string, Record<string, unknown>>
}

const { webhooks, schemas } = description as unknown as WebhookDescription
const compiled = new Map<string, ValidateFunction>()
let compiler: Ajv2020 | undefined

function validatorOf(name: string): ValidateFunction | undefined {
  const schema = webhooks[name]
  if (!schema) return undefined
  if (!compiler) {
    compiler = schemaCompiler('webhooks', schemas)
    // GitHub itself sends `...[bot]@users.noreply.github.com`, which the strict format refuses.
    compiler.addFormat('email', /^[^@\s]+@[^@\s]+$/)
  }
  const known = compiled.get(name) ?? compiler.compile(schema)
  compiled.set(name, known)
  return known
}

/** What GitHub's own description finds wrong with a payload; empty when nothing. */
export function webhookProblems(event: string, action: string | null, payload: unknown): string[] {
  const name = webhookName(event, action)
  const check = validatorOf(name)
  if (!check) return [`GitHub's description has no webhook ${name}, or the extract lacks it.`]
  if (check(payload)) return []
  return (check.errors ?? []).map((error) => `${name} ${error.instancePath || '/'} ${error.message ?? ''}`)
}
