import { expect, test } from 'vitest'
import { endingOf, type TaskState } from '../../chaos/invariants/ending.ts'
import { type PublishIntent, whyTooLate } from '../../chaos/invariants/github-log.ts'
import { FAULT_KINDS } from '../../chaos/plan.ts'
import { missingLoad, type Result, summary } from '../../chaos/tally.ts'

const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds))

const intent: PublishIntent = {
  taskId: 1,
  sessionId: 2,
  createdAt: at(0),
  leaseUntil: at(30),
  publishedAt: null,
  status: 'running',
  endedAt: null,
  nextSessionAt: null,
}
const pushed = { at: at(10).getTime() }

test('a push is in time when its session is live and may publish', () => {
  expect(whyTooLate(pushed, intent)).toBeNull()
})

test('a push is in time when it was known before its session ended, whenever GitHub wrote it down', () => {
  expect(whyTooLate(pushed, { ...intent, publishedAt: at(3), endedAt: at(4) })).toBeNull()
})

test('a push is in time when its session is done and waits for it', () => {
  expect(whyTooLate(pushed, { ...intent, status: 'completed', endedAt: at(4) })).toBeNull()
})

test.each([
  ['its session had lost its lease', { status: 'failed', endedAt: at(4) }, 'had ended'],
  ['its time to publish was over', { leaseUntil: at(5) }, 'might publish was over'],
  ['the task had a later session', { nextSessionAt: at(5) }, 'a later session'],
  ['nobody had asked yet', { createdAt: at(15) }, 'only later'],
  [
    'it was known only after its session had ended',
    { publishedAt: at(12), status: 'failed', endedAt: at(4) },
    'ended',
  ],
])('a push is too late when %s', (_, change, why) => {
  expect(whyTooLate(pushed, { ...intent, ...change })).toContain(why)
})

const task: TaskState = {
  id: 1,
  repository: 'maya/alpha',
  number: 7,
  status: 'review',
  pauseReason: null,
  statusBecause: null,
  needsHuman: false,
  pullRequestNumber: 8,
  branch: 'agent/ada-work-7',
  attempts: 0,
  maxAttempts: 5,
  failures: 0,
  lastOutcome: 'pull_request',
  lastFailure: null,
  live: 0,
  shown: true,
}
const paused = { ...task, status: 'paused', needsHuman: true, pullRequestNumber: null }

test('a task has ended when it has its pull request, or asks a person for a reason that fits', () => {
  expect(endingOf(task)).toEqual({ ended: true, as: 'pull request' })
  const failed = { ...paused, pauseReason: 'failed', attempts: 5, failures: 6 }
  expect(endingOf(failed)).toEqual({ ended: true, as: 'needs-human: failed' })
  const asks = { ...paused, pauseReason: 'clarification', lastOutcome: 'needs_clarification' }
  expect(endingOf(asks)).toEqual({ ended: true, as: 'needs-human: question' })
})

test.each([
  ['it has a live session', { ...task, live: 1 }],
  ['it is in review without a pull request', { ...task, pullRequestNumber: null }],
  ['it waits for an agent', { ...task, status: 'ready' }],
  ['it is paused and asks nobody', { ...paused, needsHuman: false, pauseReason: 'failed' }],
  [
    'it says that it failed and has attempts left',
    { ...paused, pauseReason: 'failed', attempts: 2, failures: 2 },
  ],
  ['it says that it asks and nobody did', { ...paused, pauseReason: 'clarification' }],
])('a task has not ended honestly when %s', (_, state) => {
  expect(endingOf(state)).toMatchObject({ ended: false })
})

const counts = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 2])) as Result['applied']
const result: Result = {
  seed: 1,
  minutes: 5,
  projects: 4,
  agents: 8,
  servers: 2,
  leaseSeconds: 60,
  planned: counts,
  applied: counts,
  endings: { 'pull request': 20 },
  tasks: 20,
  sessions: { completed: 20 },
  looks: 300,
  blindLooks: 0,
  ownEnds: {},
  webhooks: { events: 1, copies: 0, refused: 0 },
  requests: { requests: 1, failed: 0 },
  githubFailures: 0,
  convergedSeconds: 12,
  violations: [],
}

test('nothing is missing when the load was reached', () => {
  expect(missingLoad(result)).toEqual([])
})

test('each part of the load is named when it was not reached', () => {
  const poor = { ...result, projects: 3, agents: 7, tasks: 19, minutes: 6 }
  expect(missingLoad(poor)).toHaveLength(4)
})

test('every kind of fault stands in the summary with what was planned and applied', () => {
  const text = summary({ ...result, applied: { ...counts, 'kill-server': 1 } })
  expect(text).toMatch(/kill-server +1 of 2 planned/)
  for (const kind of FAULT_KINDS) expect(text).toContain(kind)
})
