import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Assignment, PROTOCOL_VERSION } from '../../src/protocol/assignment.ts'
import { CompletionReport, ProgressReport } from '../../src/protocol/report.ts'
import { AgentFrame, ServerFrame } from '../../src/protocol/socket.ts'
import { toMicroUsd, Usage } from '../../src/protocol/usage.ts'

const text = (maxLength: number) => fc.string({ unit: 'grapheme', maxLength: Math.floor(maxLength / 20) })
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const tokens = fc.record({ input: count, output: count, cacheRead: count, cacheWrite: count })
const costUsd = fc.double({ min: 0, max: 1_000_000, noNaN: true })
const usage = fc.record({ tokens, costUsd, model: text(200) }, { requiredKeys: ['tokens'] })
const progress = fc.record(
  { message: text(2_000), percent: fc.nat({ max: 100 }), tokens, costUsd, model: text(200) },
  { requiredKeys: [] },
)
const completion = fc.record(
  {
    outcome: fc.constantFrom('pull_request', 'result', 'failed', 'out_of_credit', 'stopped'),
    title: text(256),
    summary: text(1_000),
    resetsAt: fc
      .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    failure: fc.constantFrom('error', 'timeout', 'budget', 'empty'),
    usage,
  },
  { requiredKeys: ['outcome', 'summary', 'usage'] },
)
const id = fc.string({ minLength: 1, maxLength: 100 })
const session = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const frame = fc.oneof(
  fc.record({ type: fc.constant('accepted'), id, session }),
  fc.record({ type: fc.constant('declined'), id, session, reason: text(500) }),
  fc.record({ type: fc.constant('progress'), id, session, report: progress }),
  fc.record({ type: fc.constant('complete'), id, session, report: completion }),
  fc.record({ type: fc.constant('heartbeat'), id }),
  fc.record({ type: fc.constant('auth'), id, key: text(500) }),
)
const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('a frame of an agent', () => {
  test('arrives as it was sent', () => {
    fc.assert(
      fc.property(frame, (sent) => {
        expect(overTheWire(AgentFrame.parse(overTheWire(sent)))).toEqual(overTheWire(sent))
      }),
    )
  })

  test('is refused with a field that we do not know, wherever it is', () => {
    fc.assert(
      fc.property(frame, (sent) => {
        expect(AgentFrame.safeParse({ ...sent, surprise: 1 }).success).toBe(false)
        if ('report' in sent) {
          const report = { ...sent.report, surprise: 1 }
          expect(AgentFrame.safeParse({ ...sent, report }).success).toBe(false)
        }
      }),
    )
  })

  test('never makes the parser throw, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(AgentFrame.safeParse(value)).toHaveProperty('success')
      }),
    )
  })
})

describe('a report', () => {
  test('is normal after one reading: reading it again changes nothing', () => {
    fc.assert(
      fc.property(completion, (sent) => {
        const once = CompletionReport.parse(overTheWire(sent))
        expect(JSON.stringify(CompletionReport.parse(overTheWire(once)))).toBe(JSON.stringify(once))
      }),
    )
  })

  test('has the same hash in whatever order its fields come', () => {
    const one = { outcome: 'failed', summary: 'x', usage: { tokens: { input: 1, output: 2 } } }
    const other = { usage: { tokens: { output: 2, input: 1 } }, summary: 'x', outcome: 'failed' }
    expect(JSON.stringify(CompletionReport.parse(one))).toBe(JSON.stringify(CompletionReport.parse(other)))
  })

  test('with a question asks one', () => {
    const asked = { outcome: 'needs_clarification', summary: '', usage: { tokens: {} } }
    expect(CompletionReport.safeParse(asked).success).toBe(false)
    expect(CompletionReport.safeParse({ ...asked, question: '' }).success).toBe(false)
    expect(CompletionReport.safeParse({ ...asked, question: 'Which?' }).success).toBe(true)
  })

  test.for([
    ['percent over 100', { percent: 101 }],
    ['half a token', { tokens: { input: 0.5 } }],
    ['negative tokens', { tokens: { output: -1 } }],
    ['more tokens than a number can count', { tokens: { input: 2 ** 53 } }],
    ['a negative cost', { costUsd: -0.01 }],
    ['an endless cost', { costUsd: Number.POSITIVE_INFINITY }],
    ['a long message', { message: 'x'.repeat(2_001) }],
  ] as const)('is refused with %s', ([, report]) => {
    expect(ProgressReport.safeParse(report).success).toBe(false)
  })

  test('costs are whole micro-dollars, never less than told and at most one more', () => {
    fc.assert(
      fc.property(costUsd, (cost) => {
        const micro = toMicroUsd(Usage.parse({ tokens: {}, costUsd: cost }).costUsd ?? 0)
        expect(Number.isSafeInteger(micro)).toBe(true)
        expect(micro).toBeGreaterThanOrEqual(cost * 1e6 - 0.001)
        expect(micro).toBeLessThan(cost * 1e6 + 1.001)
      }),
    )
    expect([0.1, 0.07, 1.005, 0].map(toMicroUsd)).toEqual([100_000, 70_000, 1_005_000, 0])
  })
})

describe('a frame of the server', () => {
  const assignment: Assignment = {
    protocol: PROTOCOL_VERSION,
    session: { id: 1, token: 'mcs_1_x', leaseSeconds: 120, attempt: 1, mode: 'new' },
    task: {
      id: 2,
      title: 'T',
      url: 'https://github.test/1',
      number: 1,
      priority: 'low',
      tags: [],
      estimatedTokens: null,
    },
    project: {
      name: 'o/r',
      repoUrl: 'https://github.test/o/r',
      defaultBranch: 'main',
      contextFile: 'CONTEXT.md',
    },
    git: {
      url: 'http://127.0.0.1/git/o/r.git',
      branch: 'agent/a-1',
      base: 'main',
      username: 'mission-control',
    },
    workspace: { setup: null, verify: 'npm test' },
    model: null,
    tokenBudget: 1,
    wallClockSeconds: 60,
    context: { markdown: '# Task', sha256: 'x', tokens: 3 },
  }

  test('carries an assignment unchanged, and an older agent may ignore what is new', () => {
    const sent = { type: 'task_assigned', id: 'x', assignment }
    expect(ServerFrame.parse(overTheWire(sent))).toEqual(sent)
    const newer = { ...sent, more: true, assignment: { ...assignment, more: true } }
    expect(ServerFrame.parse(overTheWire(newer))).toEqual(sent)
  })

  test('of another version of the protocol is not understood', () => {
    const other = { ...assignment, protocol: PROTOCOL_VERSION + 1 }
    expect(Assignment.safeParse(other).success).toBe(false)
  })
})
