import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  failureReasons,
  isLive,
  sessionEvents,
  sessionStatuses,
  sessionTransitions,
  transitionSession,
} from '../../src/domain/session.ts'

const anyStatus = fc.constantFrom(...sessionStatuses)
const anyEvent = fc.constantFrom(...sessionEvents)

describe('the table', () => {
  test('every event has a row and every row starts in a live status', () => {
    for (const event of sessionEvents)
      expect(sessionTransitions.some((row) => row.event === event)).toBe(true)
    for (const row of sessionTransitions) expect(row.from.every(isLive)).toBe(true)
  })

  test('failed rows name a reason, no other row does, and every reason is used', () => {
    for (const row of sessionTransitions) expect(row.failureReason !== undefined).toBe(row.to === 'failed')
    const used = new Set(sessionTransitions.map((row) => row.failureReason))
    expect(failureReasons.filter((reason) => !used.has(reason))).toEqual([])
  })
})

test('every event in every status has an answer', () => {
  fc.assert(
    fc.property(anyStatus, anyEvent, fc.boolean(), (status, event, stopRequested) => {
      const answer = transitionSession({ status, stopRequested }, event)
      if (!isLive(status)) expect(answer).toMatchObject({ ok: false, code: 'session_ended' })
      if (!answer.ok) return
      expect(sessionStatuses).toContain(answer.status)
      expect(answer.failureReason !== null).toBe(answer.status === 'failed')
      expect(answer.ended).toBe(!isLive(answer.status))
      if (stopRequested) expect(answer.stopRequested).toBe(true)
    }),
  )
})

test('a session that ended stays ended, whatever follows', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), (walk) => {
      let status: (typeof sessionStatuses)[number] = 'dispatched'
      for (const event of walk) {
        const answer = transitionSession({ status }, event)
        if (!isLive(status)) expect(answer.ok).toBe(false)
        if (answer.ok) status = answer.status
      }
    }),
  )
})

test('a sign of life starts the lease anew, and the first one counts as the acknowledgement', () => {
  expect(transitionSession({ status: 'dispatched' }, 'progressed')).toMatchObject({
    status: 'running',
    renewsLease: true,
  })
})

test('declining is refused when the agent is at work', () => {
  expect(transitionSession({ status: 'running' }, 'declined')).toMatchObject({
    ok: false,
    code: 'already_running',
  })
})
