import { expect, test } from 'vitest'
import { bytes } from './injection/bytes.ts'
import { fences } from './injection/fences.ts'
import { github } from './injection/github.ts'
import { hidden } from './injection/hidden.ts'
import { expectedDocument, type Injection, renderedDocument } from './injection/injection.ts'
import { markdown } from './injection/markdown.ts'
import { places } from './injection/places.ts'
import { turns } from './injection/turns.ts'

const table: readonly Injection[] = [fences, turns, hidden, markdown, github, bytes, places].flat()

test('the table has at least forty rows, each with a name of its own', () => {
  expect(new Set(table.map(({ name }) => name)).size).toBe(table.length)
  expect(table.length).toBeGreaterThanOrEqual(40)
})

test.each(table)('the whole context is as written down when an outsider $name', (row) => {
  expect(renderedDocument(row.place, row.text)).toBe(expectedDocument(row))
})
