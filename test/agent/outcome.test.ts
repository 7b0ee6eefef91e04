import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HALT_REASONS, type HaltReason } from '../../src/agent/halt.ts'
import { decideOutcome, type WorkFacts } from '../../src/agent/outcome.ts'
import { DriverReport } from '../../src/protocol/driver-report.ts'
import { CompletionReport } from '../../src/protocol/report.ts'

const good: WorkFacts = {
  mode: 'new',
  interrupted: null,
  failure: null,
  report: {},
  commits: 1,
  newCommits: 1,
  push: { ok: true },
  notes: [],
  limits: { wallClockSeconds: 60, tokenBudget: 100 },
}

const facts = fc.record({
  mode: fc.constantFrom('new' as const, 'revise' as const, 'resume' as const),
  interrupted: fc.option(fc.constantFrom(...(Object.keys(HALT_REASONS) as HaltReason[]))),
  failure: fc.option(fc.record({ reason: fc.string({ minLength: 1 }), output: fc.string() })),
  report: fc.record(
    {
      outcome: fc.constantFrom(...DriverReport.shape.outcome.unwrap().options),
      summary: fc.string(),
      question: fc.string(),
      title: fc.string({ maxLength: 256 }),
    },
    { requiredKeys: [] },
  ),
  commits: fc.nat(3),
  newCommits: fc.nat(3),
  push: fc.option(
    fc.oneof(
      fc.constant({ ok: true as const }),
      fc.record({ ok: fc.constant(false as const), message: fc.string() }),
    ),
  ),
  notes: fc.array(fc.string(), { maxLength: 2 }),
  limits: fc.constant(good.limits),
})

describe('the outcome of a session', () => {
  test('is a valid report whatever happened', () => {
    fc.assert(
      fc.property(facts, (input) => {
        const usage = { tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } }
        expect(CompletionReport.safeParse({ ...decideOutcome(input), usage }).success).toBe(true)
      }),
    )
  })

  test('is a pull request only when nothing failed, there are commits and none of them is unpushed', () => {
    fc.assert(
      fc.property(facts, (input) => {
        if (decideOutcome(input).outcome !== 'pull_request') return
        expect(input).toMatchObject({ interrupted: null, failure: null })
        expect(input.commits + input.newCommits).toBeGreaterThan(0)
        expect(input.push?.ok).not.toBe(false)
      }),
    )
  })

  test.each([
    ['pull_request', { push: null, newCommits: 0, mode: 'resume' }],
    ['failed', { commits: 0, newCommits: 0, push: null }],
    ['failed', { commits: 3, newCommits: 0, push: null, mode: 'revise' }],
    ['failed', { report: { outcome: 'result' } }],
    ['failed', { report: { outcome: 'needs_clarification' } }],
    ['result', { report: { outcome: 'result', summary: 'Found.' }, commits: 0 }],
    [
      'needs_clarification',
      { report: { outcome: 'needs_clarification', question: 'Why?' }, push: { ok: false, message: 'no' } },
    ],
    [
      'out_of_credit',
      { report: { outcome: 'out_of_credit' }, failure: { reason: 'exit status 1', output: '' } },
    ],
    ['stopped', { interrupted: 'pause', failure: { reason: 'killed by SIGTERM', output: '' } }],
    ['failed', { interrupted: 'wall_clock', report: { outcome: 'pull_request' } }],
  ] satisfies [string, Partial<WorkFacts>][])('is %s for %j', (outcome, changes) => {
    expect(decideOutcome({ ...good, ...changes }).outcome).toBe(outcome)
  })
})
