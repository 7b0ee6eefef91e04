import { expect, test } from 'vitest'
import { createMemo } from '../../src/git/memo.ts'

const counting = (value: string) => {
  const made = { times: 0 }
  return {
    made,
    make: async () => {
      made.times += 1
      return value
    },
  }
}

test('a value is made once for all who ask for it', async () => {
  const memo = createMemo<string>(100, (value) => value.length)
  const { made, make } = counting('x')
  expect(await Promise.all([memo.get('a', make), memo.get('a', make)])).toEqual(['x', 'x'])
  expect(await memo.get('a', make)).toBe('x')
  expect(made.times).toBe(1)
})

test('a failure is told and tried again at the next question', async () => {
  const memo = createMemo<string>(100, (value) => value.length)
  await expect(memo.get('a', () => Promise.reject(new Error('not here')))).rejects.toThrow('not here')
  expect(await memo.get('a', async () => 'x')).toBe('x')
})

test('what was not used for longest is forgotten when it holds too much', async () => {
  const memo = createMemo<string>(20, (value) => value.length)
  const [a, b, c] = [counting('aaaaaaaa'), counting('bbbbbbbb'), counting('cccccccc')]
  await memo.get('a', a.make)
  await memo.get('b', b.make)
  await memo.get('a', a.make)
  await memo.get('c', c.make)
  await memo.get('a', a.make)
  await memo.get('b', b.make)
  expect([a.made.times, b.made.times, c.made.times]).toEqual([1, 2, 1])
})
