import fc from 'fast-check'
import { expect, test } from 'vitest'
import { closedNumbers } from '../../src/local-github/actions/closing-words.ts'
import { isTooLong, textProblems } from '../../src/local-github/actions/limits.ts'
import { githubLimits, LimitCounters } from '../../src/local-github/limits.ts'
import { matchOperation } from '../../src/local-github/openapi/description.ts'

test.each([
  ['Closes #12', [12]],
  ['fixes: #1, resolved #2\nClose #1', [1, 2]],
  ['see #4, closes octo/demo#5, encloses #6, closes#7', []],
])('the closing words of %j are understood', (text, numbers) => {
  expect(closedNumbers(text)).toEqual(numbers)
})

test('length is counted in code points, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(40), (text, limit) => {
      expect(isTooLong(text, limit)).toBe([...text].length > limit)
    }),
  )
  expect(textProblems('Issue', { title: '🚀'.repeat(256) })).toEqual([])
})

test('a request over the number of concurrent ones meets the secondary limit until another one is over', () => {
  const counters = new LimitCounters({ ...githubLimits, concurrent: 2 }, () => new Date())
  const read = { operationId: 'repos/get', method: 'GET' }
  expect([counters.enter('a', read).ok, counters.enter('a', read).ok]).toEqual([true, true])
  expect(counters.enter('a', read)).toMatchObject({ ok: false, kind: 'secondary' })
  expect(counters.enter('b', read).ok).toBe(true)
  counters.leave('a')
  counters.leave('a')
  expect(counters.enter('a', read).ok).toBe(true)
})

test.each([
  ['GET', '/repos/o/r/issues/comments', 'issues/list-comments-for-repo', {}],
  ['GET', '/repos/o/r/git/ref/heads/agent/x-1', 'git/get-ref', { ref: 'heads/agent/x-1' }],
  ['GET', '/repos/o/r/git/ref/heads%2Fagent%2Fx-1', 'git/get-ref', { ref: 'heads/agent/x-1' }],
  ['GET', '/repos/o/r/contents/a/b%20c.txt', 'repos/get-content', { path: 'a/b c.txt' }],
  ['GET', '/repos/o/r/contents', 'repos/get-content', { path: '' }],
  [
    'GET',
    '/repos/o/r/compare/main...agent/x',
    'repos/compare-commits-with-basehead',
    { basehead: 'main...agent/x' },
  ],
  ['DELETE', '/repos/o/r/issues/1/labels/needs%2Fhuman', 'issues/remove-label', { name: 'needs/human' }],
])('%s %s is %s', (method, path, id, params) => {
  expect(matchOperation(method, path)).toMatchObject({ kind: 'emulated', operation: { id }, params })
})

test('a path with a broken escape is no operation', () => {
  expect(matchOperation('GET', '/repos/o/r/issues/%E0%A4%A').kind).toBe('unknown')
})
