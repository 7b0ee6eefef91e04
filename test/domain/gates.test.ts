import { expect, test } from 'vitest'
import { firstGate, type GateFacts, type GateName, gateNames, gates } from '../../src/domain/gates.ts'

const now = Date.parse('2026-11-01T12:00:00Z')

function facts(more: Partial<GateFacts> = {}): GateFacts {
  return {
    status: 'ready',
    requested: true,
    issueOpen: true,
    pauseReason: null,
    frozen: false,
    projectStatus: 'active',
    blockedBy: [],
    missingBase: null,
    sourcesFresh: true,
    notBefore: null,
    now,
    serverStopped: false,
    liveAgent: null,
    liveSessions: 0,
    concurrentSessions: 10,
    neededCapabilities: ['coding'],
    requestedAgent: null,
    agents: { connected: 1, capable: 1, free: 1 },
    ...more,
  }
}

const held = (more: Partial<GateFacts>) => gates(facts(more)).filter((gate) => gate.holds)

test('no gate holds when everything is in order, and each says so', () => {
  expect(held({})).toEqual([])
  expect(firstGate(facts())).toBe(null)
  expect(gates(facts()).map((gate) => gate.name)).toEqual([...gateNames])
})

const one: Record<GateName, Partial<GateFacts>> = {
  server_stopped: { serverStopped: true },
  project_frozen: { frozen: true },
  project_inactive: { projectStatus: 'paused' },
  issue_closed: { issueOpen: false },
  paused: { status: 'paused', pauseReason: 'credits' },
  not_requested: { status: 'backlog' },
  live_session: { liveAgent: 'ada' },
  blocked: { blockedBy: [3, 4] },
  no_commits: { missingBase: 'main' },
  sources: { sourcesFresh: false },
  retry: { notBefore: now + 1 },
  concurrency: { liveSessions: 10 },
  no_agent: { agents: { connected: 0, capable: 0, free: 0 } },
  no_capable_agent: { agents: { connected: 2, capable: 0, free: 0 } },
  agents_busy: { agents: { connected: 2, capable: 2, free: 0 } },
}

test.each(gateNames)('only the gate %s holds when only its reason is there', (name) => {
  const [gate, ...others] = held(one[name])
  expect(others).toEqual([])
  expect(gate).toMatchObject({ name, holds: true, reason: expect.stringMatching(/^[A-Za-z].*\.$/) })
})

test('the reason names what a person needs to know', () => {
  expect(firstGate(facts({ blockedBy: [3, 4] }))?.reason).toBe('It is blocked by #3, #4.')
  expect(firstGate(facts({ notBefore: now + 1000 }))?.reason).toContain('2026-11-01T12:00:01.000Z')
  expect(firstGate(facts({ agents: { connected: 1, capable: 1, free: 0 } }))?.reason).toContain(
    'The only agent',
  )
  const asked = facts({ requestedAgent: 'bob', agents: { connected: 1, capable: 0, free: 0 } })
  expect(firstGate(asked)?.reason).toContain('bob')
})

test('a retry is due at its time, not after it', () => {
  expect(held({ notBefore: now })).toEqual([])
})

test('all gates that hold are told, the ones that only a person opens first', () => {
  const names = held({ sourcesFresh: false, blockedBy: [1], issueOpen: false }).map((gate) => gate.name)
  expect(names).toEqual(['issue_closed', 'blocked', 'sources'])
})
