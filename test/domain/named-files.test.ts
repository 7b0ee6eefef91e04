import { expect, test } from 'vitest'
import { namedFiles } from '../../src/domain/named-files.ts'

const paths = ['src/parser.ts', 'src/date.ts', 'README.md', 'a/index.ts', 'b/index.ts', 'Makefile']

test('files are named by their path, or by a name that only one file has', () => {
  const text = 'In ./src/parser.ts (see `date.ts`, README.md). And index.ts, src/none.ts.'
  expect(namedFiles(text, paths)).toEqual(['src/parser.ts', 'src/date.ts', 'README.md'])
})

test('nothing is named by ordinary words or by part of a name', () => {
  expect(namedFiles('the parser, the Makefile and the ts of xREADME.md', paths)).toEqual([])
})

test('no more than twenty files are named', () => {
  const many = Array.from({ length: 30 }, (_, at) => `src/f${at}.ts`)
  expect(namedFiles(many.join(' '), many)).toHaveLength(20)
})
