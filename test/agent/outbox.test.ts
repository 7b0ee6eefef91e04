import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reconnectPause } from '../../src/agent/backoff.ts'
import { createOutbox, type ReliableFrame } from '../../src/agent/outbox.ts'
import { createSeen } from '../../src/agent/seen.ts'

const usage = { tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } }
const accepted = (id: string, session = 1): ReliableFrame => ({ type: 'accepted', id, session })
const progress = (id: string, session = 1): ReliableFrame => ({ type: 'progress', id, session, report: {} })
const complete = (id: string, session = 1): ReliableFrame => ({
  type: 'complete',
  id,
  session,
  report: { outcome: 'failed', summary: '', usage },
})

function outboxWith(...frames: ReliableFrame[]) {
  const outbox = createOutbox()
  for (const frame of frames) outbox.add(frame)
  return outbox
}
const ids = (outbox: ReturnType<typeof createOutbox>) => outbox.unanswered().map(({ id }) => id)

describe('frames that wait for their answer', () => {
  test('a newer report replaces older progress of its session only', () => {
    expect(ids(outboxWith(accepted('a'), progress('p1'), progress('q', 2), progress('p2')))).toEqual([
      'a',
      'q',
      'p2',
    ])
    expect(ids(outboxWith(progress('p'), complete('c')))).toEqual(['c'])
  })

  test('an answer to a replaced report still tells its session, and clears the acknowledgement', () => {
    const outbox = outboxWith(accepted('a'), progress('p1'), progress('p2'))
    expect(outbox.settle('p1')).toEqual({ session: 1, type: 'progress' })
    expect(ids(outbox)).toEqual(['p2'])
    expect(outbox.settle('p1')).toBeNull()
    expect(outbox.settle('unknown')).toBeNull()
  })

  test('the completion of a lost session stays until it is answered', () => {
    const outbox = outboxWith(progress('p', 2), complete('c'), accepted('a', 2))
    outbox.forget(1)
    outbox.forget(2)
    expect(ids(outbox)).toEqual(['c'])
    expect(outbox.unansweredCompletions()).toBe(1)
    outbox.settle('c')
    expect(outbox.unansweredCompletions()).toBe(0)
  })
})

test('an id is new once while it is remembered', () => {
  const seen = createSeen(2)
  expect(['a', 'a', 'b', 'c', 'a'].map((id) => seen.add(id))).toEqual([true, false, true, true, true])
})

test('the pause between reconnects grows from its least to its most and is spread over the upper half', () => {
  fc.assert(
    fc.property(
      fc.nat(10_000),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, random) => {
        const pause = reconnectPause(attempt, { minMs: 500, maxMs: 30_000 }, random)
        const full = Math.min(30_000, 500 * 2 ** Math.min(attempt, 30))
        expect(pause).toBeGreaterThanOrEqual(full / 2)
        expect(pause).toBeLessThanOrEqual(full)
      },
    ),
  )
})
