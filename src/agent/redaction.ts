import { stripVTControlCharacters } from 'node:util'
import { redactSecrets } from '../domain/secrets.ts'
import { withoutInvisible } from '../domain/visible-text.ts'

export type Redact = (text: string, limit: number) => string

/**
 * Makes texts of programs fit to leave the machine: without secrets (those that the runner knows, and what looks like
 * one), terminal colours, invisible characters and halves of surrogate pairs, at most `limit` characters.
 */
export function createRedact(known: readonly string[]): Redact {
  return (text, limit) => {
    let out = withoutInvisible(stripVTControlCharacters(text))
    for (const secret of known) if (secret !== '') out = out.replaceAll(secret, '[redacted]')
    return redactSecrets(out).slice(0, limit).toWellFormed()
  }
}
