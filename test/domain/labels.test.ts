import { expect, test } from 'vitest'
import { neededCapabilities, parseEstimate, readLabels } from '../../src/domain/labels.ts'

test('instructions are read from labels and the rest are tags', () => {
  expect(
    readLabels(['bug', 'priority: High', 'estimate: 50k', 'agent: ada', 'Process'], ['process']),
  ).toEqual({
    priority: 'high',
    estimatedTokens: 50_000,
    agent: 'ada',
    tags: ['bug'],
    problems: [],
  })
})

test('the highest priority and the largest estimate count when there are several', () => {
  const facts = readLabels(['priority: low', 'priority:urgent', 'estimate: 1.5m', 'estimate: 800'])
  expect(facts).toMatchObject({ priority: 'urgent', estimatedTokens: 1_500_000 })
})

test('a label that is no instruction is named, and nothing is guessed', () => {
  const facts = readLabels([
    'priority: asap',
    'estimate: lots',
    'agent: Ada Lovelace',
    'agent: a',
    'agent: b',
  ])
  expect(facts).toMatchObject({ priority: null, estimatedTokens: null, agent: null, tags: [] })
  expect(facts.problems).toHaveLength(4)
})

test('an estimate is a number of tokens', () => {
  expect(['800', '50k', '50K', '1.5m', ' 2 k '].map(parseEstimate)).toEqual([
    800, 50_000, 50_000, 1_500_000, 2_000,
  ])
  expect(['', 'k', '0', '-1', '1e9', '5g', '9999m', 'Infinity'].map(parseEstimate)).toEqual(
    Array(8).fill(null),
  )
})

test('needed capabilities are the union over the labels, and the default only when none matches', () => {
  const routing = { default: ['coding'], labels: { research: ['research', 'web'], docs: ['writing', 'web'] } }
  expect(neededCapabilities(['bug'], routing)).toEqual(['coding'])
  expect(neededCapabilities(['Docs', 'research', 'bug'], routing)).toEqual(['research', 'web', 'writing'])
  expect(neededCapabilities([], { default: [], labels: {} })).toEqual([])
})
