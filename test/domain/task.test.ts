import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  describe as describeTask,
  nextMode,
  pauseReasons,
  type TaskAnswer,
  type TaskEvent,
  type TaskMove,
  type TaskRefusal,
  type TaskState,
  taskEvents,
  taskRefusals,
  taskStatuses,
  taskTransitions,
  transition,
} from '../../src/domain/task.ts'

const events = Object.keys(taskEvents) as TaskEvent[]

function task(state: Partial<TaskState> = {}): TaskState {
  return { status: 'backlog', requested: false, issueOpen: true, pauseReason: null, ...state }
}

function moved(answer: TaskAnswer): TaskMove {
  if (!answer.ok) throw new Error(`refused: ${answer.code}: ${answer.reason}`)
  return answer
}

function refused(answer: TaskAnswer): TaskRefusal {
  if (answer.ok) throw new Error(`moved to ${answer.status}`)
  return answer.code
}

const consistent = fc
  .record({
    status: fc.constantFrom(...taskStatuses),
    requested: fc.boolean(),
    issueOpen: fc.boolean(),
    pauseReason: fc.constantFrom(...pauseReasons),
    frozen: fc.boolean(),
    needsHuman: fc.boolean(),
    hasPullRequest: fc.boolean(),
    merged: fc.boolean(),
    approvalLost: fc.boolean(),
  })
  .map((state) => ({
    ...state,
    requested: state.status === 'ready' && state.requested,
    pauseReason: state.status === 'paused' ? state.pauseReason : null,
  }))

function apply(state: TaskState, answer: TaskAnswer): TaskState {
  return answer.ok ? { ...state, ...answer } : state
}

describe('the table', () => {
  test('every event has a row', () => {
    expect(events.filter((event) => !taskTransitions.some((row) => row.event === event))).toEqual([])
  })

  test('every row is reached by some state', () => {
    for (const row of taskTransitions) {
      for (const status of row.from) {
        const state = task({
          status,
          requested: status === 'ready',
          pauseReason: status === 'paused' ? (row.pausedFor?.[0] ?? 'person') : null,
          hasPullRequest: true,
          merged: row.guards?.includes('merged') === true,
        })
        const ambiguous = row.event === 'paused' && status === 'paused' && row.pausedFor === undefined
        expect(ambiguous, `${status} ${row.event}`).toBe(false)
        expect(moved(transition(state, row.event)).why).toBe(row.why)
      }
    }
  })

  test('paused rows name a reason and no other row does', () => {
    for (const row of taskTransitions)
      expect(row.pauseReason !== undefined, row.why).toBe(row.to === 'paused')
  })

  test('a live session is stopped whenever a person or GitHub takes the task out of processing', () => {
    for (const row of taskTransitions) {
      if (row.to === 'same' || row.to === 'processing' || !row.from.includes('processing')) continue
      if (taskEvents[row.event] !== 'session') expect(row.stop, row.event).toBeDefined()
    }
  })
})

describe('every event in every state', () => {
  test('has an answer: a closed status, or a refusal with a code and a sentence', () => {
    fc.assert(
      fc.property(consistent, fc.constantFrom(...events), (state, event) => {
        const answer = transition(state, event)
        if (!answer.ok) {
          expect(taskRefusals).toContain(answer.code)
          expect(answer.reason).toMatch(/\.$/)
          return
        }
        expect(taskStatuses).toContain(answer.status)
        expect(answer.why).toMatch(/\.$/)
        expect(answer.pauseReason !== null).toBe(answer.status === 'paused')
        if (answer.requested) expect(answer.status).toBe('ready')
        if (answer.stopSession !== null) expect(state.status).toBe('processing')
      }),
      { numRuns: 5000 },
    )
  })

  test('a walk keeps the state consistent and never enters processing but by a claim', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 60 }), (walk) => {
        let state = task()
        for (const event of walk) {
          const next = apply(state, transition(state, event))
          if (next.status === 'processing' && state.status !== 'processing') {
            expect(event).toBe('claimed')
            expect(state.status).toBe('ready')
          }
          state = next
        }
      }),
    )
  })

  test('a cancelled task does not run again without somebody asking for it', () => {
    const asking: TaskEvent[] = ['requested', 'made_ready']
    const others = events.filter((event) => !asking.includes(event))
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...others), { maxLength: 60 }), (walk) => {
        let state = task({ status: 'cancelled' })
        for (const event of walk) {
          // Leaving review for a revision follows a person's pull request, which a cancelled task keeps.
          if (event === 'changes_requested') continue
          state = apply(state, transition(state, event))
          expect(state.status).not.toBe('processing')
        }
      }),
    )
  })

  test('closing and cancelling reach their end from every unfinished state, frozen or not', () => {
    fc.assert(
      fc.property(consistent, (state) => {
        expect(moved(transition(state, 'closed_completed')).status).toBe('done')
        const ended = moved(transition(state, 'closed_not_planned')).status
        expect(ended).toBe(state.status === 'done' && state.merged ? 'done' : 'cancelled')
        if (state.status !== 'done' && state.status !== 'cancelled') {
          expect(moved(transition(state, 'cancelled')).status).toBe('cancelled')
        }
      }),
    )
  })

  test('a merge is recorded from every state and ends in done, in any order with the closing', () => {
    fc.assert(
      fc.property(consistent, fc.constantFrom('closed_completed', 'closed_not_planned'), (state, closing) => {
        const merged = moved(transition(state, 'pull_request_merged'))
        expect(merged).toMatchObject({ status: 'done', records: 'merge' })
        const closedLater = transition({ ...apply(state, merged), merged: true }, closing)
        const mergedLater = transition(apply(state, transition(state, closing)), 'pull_request_merged')
        expect(moved(closedLater).status).toBe('done')
        expect(moved(mergedLater).status).toBe('done')
      }),
    )
  })

  test('no automatic step runs text that was edited since by an outsider', () => {
    fc.assert(
      fc.property(consistent, fc.constantFrom(...events), (state, event) => {
        const answer = transition({ ...state, approvalLost: true }, event)
        const byPerson = event === 'requested' || event === 'resumed'
        if (answer.ok && answer.requested && !state.requested) expect(byPerson).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('one row', () => {
  test('a claim uses up the request', () => {
    const answer = moved(transition(task({ status: 'ready', requested: true }), 'claimed'))
    expect(answer).toMatchObject({ status: 'processing', requested: false, stopSession: null })
  })

  test('a failed attempt counts and a declined one does not', () => {
    const state = task({ status: 'processing' })
    expect(moved(transition(state, 'attempt_failed'))).toMatchObject({ requested: true, countsAttempt: true })
    expect(moved(transition(state, 'declined'))).toMatchObject({ requested: true, countsAttempt: false })
    expect(moved(transition(state, 'attempts_exhausted'))).toMatchObject({
      status: 'paused',
      pauseReason: 'failed',
      needsHuman: true,
    })
  })

  test('a removed agent gets no grace and a paused one does', () => {
    const state = task({ status: 'processing' })
    expect(moved(transition(state, 'agent_removed')).stopSession).toBe('now')
    expect(moved(transition(state, 'paused')).stopSession).toBe('grace')
  })

  test('a request is refused with "reopen" when the issue is closed', () => {
    for (const status of taskStatuses) {
      expect(refused(transition(task({ status, issueOpen: false }), 'requested'))).toBe('issue_closed')
    }
  })

  test('a second request is refused when an agent is at work', () => {
    expect(refused(transition(task({ status: 'processing' }), 'requested'))).toBe('in_progress')
  })

  test('an answer is refused when nothing was asked', () => {
    expect(refused(transition(task({ status: 'paused', pauseReason: 'credits' }), 'answered'))).toBe(
      'not_waiting',
    )
  })

  test('a card is moved back when there is no pull request', () => {
    expect(refused(transition(task(), 'moved_to_review'))).toBe('no_pull_request')
    expect(moved(transition(task({ hasPullRequest: true }), 'moved_to_review')).status).toBe('review')
  })

  test('a frozen task refuses requests until it is thawed', () => {
    const frozen = moved(transition(task({ status: 'processing' }), 'frozen'))
    expect(frozen).toMatchObject({ status: 'ready', requested: true, frozen: true, stopSession: 'now' })
    expect(refused(transition(apply(task(), frozen), 'claimed'))).toBe('frozen')
    const thawed = apply(apply(task(), frozen), transition(apply(task(), frozen), 'thawed'))
    expect(moved(transition(thawed, 'claimed')).status).toBe('processing')
  })

  test('a held branch asks for a person until it is approved', () => {
    const held = moved(transition(task({ status: 'processing' }), 'publishing_held'))
    expect(held).toMatchObject({ status: 'review', needsHuman: true })
    expect(moved(transition(apply(task(), held), 'publishing_approved'))).toMatchObject({
      status: 'review',
      needsHuman: false,
      changed: true,
    })
  })

  test('a closed pull request parks what is at work and reopening brings it back', () => {
    const parked = moved(transition(task({ status: 'processing' }), 'pull_request_closed'))
    expect(parked).toMatchObject({ status: 'paused', pauseReason: 'person' })
    expect(moved(transition(apply(task(), parked), 'pull_request_reopened')).status).toBe('review')
    expect(moved(transition(task({ status: 'review' }), 'pull_request_closed')).status).toBe('backlog')
  })

  test('an event that is only recorded says that nothing changed', () => {
    expect(moved(transition(task({ status: 'done' }), 'closed_completed')).changed).toBe(false)
    expect(moved(transition(task({ status: 'ready' }), 'requested')).changed).toBe(true)
  })
})

test('the mode follows from where the task comes from', () => {
  expect(nextMode({ fromReview: true, publishedCommits: true })).toBe('revise')
  expect(nextMode({ fromReview: false, publishedCommits: true })).toBe('resume')
  expect(nextMode({ fromReview: false, publishedCommits: false })).toBe('new')
})

test('a status reads with its request or reason', () => {
  expect(describeTask(task({ status: 'ready', requested: true }))).toBe('ready (requested)')
  expect(describeTask(task({ status: 'paused', pauseReason: 'credits' }))).toBe('paused (credits)')
})
