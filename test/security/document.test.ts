import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'

const ROOT = new URL('../../', import.meta.url)

interface Row {
  threat: string
  control: string
  proofs: { path: string; name: string }[]
}

/** The rows of the tables, each with its proofs: “name” belongs to the path before it. */
function readRows(markdown: string): Row[] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('| '))
  const cells = lines.map((line) => line.slice(2, -2).split(' | '))
  return cells
    .filter(([first]) => first !== 'threat' && first !== '---')
    .map(([threat = '', control = '', proof = '']) => ({ threat, control, proofs: readProofs(proof) }))
}

function readProofs(cell: string): Row['proofs'] {
  let path = ''
  const proofs: Row['proofs'] = []
  for (const [, named, name] of cell.matchAll(/`([^`]+)`:|“([^”]+)”/g)) {
    if (named !== undefined) path = named
    else proofs.push({ path, name: name ?? '' })
  }
  return proofs
}

/** Whether a source has a test, or a row of a table of tests, of exactly this name. */
function hasTest(source: string, name: string): boolean {
  const literal = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/'/g, "\\\\?'")
  const before = '(?:\\b(?:test|describe)(?:\\.each)?\\(\\s*|\\)\\(\\s*|\\[\\s*|\\bname:\\s*)'
  return new RegExp(`${before}(['"\`])${literal}\\1`).test(source)
}

const rows = readRows(await readFile(new URL('docs/security.md', ROOT), 'utf8'))

describe('the security document', () => {
  test('has at least forty rows, no two for the same threat', () => {
    expect(rows.length).toBeGreaterThanOrEqual(40)
    expect(new Set(rows.map(({ threat }) => threat)).size).toBe(rows.length)
  })

  test.each(rows.map((row) => [row.threat, row] as const))(
    'proves by tests that exist: %s',
    async (_, row) => {
      expect(row.proofs.length).toBeGreaterThan(0)
      for (const { path, name } of row.proofs) {
        const source = await readFile(new URL(path, ROOT), 'utf8')
        expect(hasTest(source, name), `${path} has a test “${name}”`).toBe(true)
      }
      for (const [, path = ''] of row.control.matchAll(/`((?:src|fuzz)\/[^`]+)`/g)) {
        expect(existsSync(new URL(path, ROOT)), path).toBe(true)
      }
    },
  )

  test('would notice a test that is gone, renamed, or only spoken of', () => {
    const source =
      "test('is there', () => {})\ntest.each([\n  ['a row', 1],\n])('%s', () => {})\n// 'spoken of'\n"
    expect(['is there', 'a row', '%s'].map((name) => hasTest(source, name))).toEqual([true, true, true])
    expect(['is the', 'is there ', 'spoken of', 'row'].map((name) => hasTest(source, name))).toEqual(
      Array(4).fill(false),
    )
    expect(readProofs('`a.ts`: “one”, “two”; `b.ts`: “three”')).toEqual([
      { path: 'a.ts', name: 'one' },
      { path: 'a.ts', name: 'two' },
      { path: 'b.ts', name: 'three' },
    ])
  })
})
