import fc from 'fast-check'
import { expect, test } from 'vitest'
import { priorities } from '../../src/domain/labels.ts'
import {
  type MatchAgent,
  type MatchTask,
  match,
  rankAgents,
  rankTasks,
  weights,
} from '../../src/domain/matching.ts'

const now = Date.parse('2026-11-01T12:00:00Z')
const situation = { now, liveSessions: new Map<string, number>() }

function agent(more: Partial<MatchAgent> = {}): MatchAgent {
  return {
    id: '1',
    name: 'ada',
    capabilities: ['coding'],
    provider: 'command',
    freeSlots: 1,
    tokenBudget: null,
    projects: new Set(['p']),
    ...more,
  }
}

function task(more: Partial<MatchTask> = {}): MatchTask {
  return {
    id: '1',
    project: 'p',
    priority: 'medium',
    requested: true,
    neededCapabilities: ['coding'],
    requestedAgent: null,
    preferredAgent: null,
    providers: null,
    estimatedTokens: null,
    readySince: now,
    ...more,
  }
}

test('every requirement that is not met is named, each with a sentence', () => {
  const hard = task({
    project: 'other',
    requestedAgent: 'bob',
    neededCapabilities: ['coding', 'writing'],
    providers: ['codex'],
    estimatedTokens: 500,
  })
  const result = match(hard, agent({ freeSlots: 0, tokenBudget: 100 }), situation)
  expect(result.eligible).toBe(false)
  expect(result.unmet).toEqual(['connection', 'agent', 'capabilities', 'provider', 'slots', 'budget'])
  expect(result.reasons).toHaveLength(6)
})

test('an eligible match says what its score is made of', () => {
  const result = match(task({ preferredAgent: 'ada' }), agent(), situation)
  expect(result).toMatchObject({ eligible: true, unmet: [] })
  expect(result.reasons.join(' ')).toContain('Same agent as before')
})

test('a budget of nothing takes no task, with or without an estimate', () => {
  expect(match(task(), agent({ tokenBudget: 0 }), situation).unmet).toEqual(['budget'])
})

test('all that is below priority adds up to less than one step of it', () => {
  const { priority, ...others } = weights
  expect(Object.values(others).reduce((sum, weight) => sum + weight, 0)).toBeLessThan(priority)
})

const anyTask = fc.record({
  id: fc.integer({ min: 1, max: 99 }).map(String),
  project: fc.constantFrom('p', 'q'),
  priority: fc.constantFrom(...priorities),
  requested: fc.boolean(),
  preferredAgent: fc.constantFrom(null, 'ada'),
  neededCapabilities: fc.subarray(['coding', 'writing']),
  readySince: fc.integer({ min: now - 1e10, max: now }),
})

test('a higher priority comes first, whatever the age, and the ineligible come last', () => {
  const tasks = fc.uniqueArray(anyTask, { selector: (one) => one.id, maxLength: 20 })
  fc.assert(
    fc.property(tasks, fc.nat(20), (some, live) => {
      const all = some.map((one) => task(one))
      const there = { now, liveSessions: new Map([['p', live]]) }
      const ranked = rankTasks(agent({ projects: new Set(['p', 'q']) }), all, there)
      const eligible = ranked.filter((one) => one.eligible)
      expect(ranked.slice(0, eligible.length)).toEqual(eligible)
      const steps = eligible.map((one) => priorities.indexOf(one.task.priority))
      expect(steps).toEqual([...steps].sort((a, b) => b - a))
      expect(rankTasks(agent({ projects: new Set(['p', 'q']) }), [...all].reverse(), there)).toEqual(ranked)
    }),
  )
})

test('the project with fewer live sessions comes first when tasks are equal', () => {
  const two = [task({ id: '1', project: 'p' }), task({ id: '2', project: 'q' })]
  const busy = { now, liveSessions: new Map([['p', 4]]) }
  const [first] = rankTasks(agent({ projects: new Set(['p', 'q']) }), two, busy)
  expect(first?.task.id).toBe('2')
})

test('the older task comes first when all else is equal, then the lower number', () => {
  const tasks = [task({ id: '10' }), task({ id: '9' }), task({ id: '11', readySince: now - 60_000 })]
  expect(rankTasks(agent(), tasks, situation).map((one) => one.task.id)).toEqual(['11', '9', '10'])
})

test('the agent of the last session is preferred for a task', () => {
  const agents = [agent({ id: '1', name: 'ada' }), agent({ id: '2', name: 'bob' })]
  const [first] = rankAgents(task({ preferredAgent: 'bob' }), agents, situation)
  expect(first?.agent.name).toBe('bob')
})
