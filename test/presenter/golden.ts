import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'

/** Compares a text with its reviewed copy in test/golden/presenter; `UPDATE_GOLDEN=1` writes the copy anew. */
export function expectGolden(name: string, text: string): void {
  const folder = new URL('../golden/presenter/', import.meta.url)
  const file = new URL(`${name}.md`, folder)
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, text)
  }
  expect(text).toBe(readFileSync(file, 'utf8'))
}
