import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FAULT_KINDS, type PlanOptions, planFaults } from '../../chaos/plan.ts'

const options: fc.Arbitrary<PlanOptions> = fc.record({
  seed: fc.integer(),
  minutes: fc.integer({ min: 1, max: 90 }),
  servers: fc.integer({ min: 1, max: 4 }),
  agents: fc.integer({ min: 1, max: 20 }),
  leaseSeconds: fc.integer({ min: 1, max: 300 }),
})

test('the plan is the same when the seed is', () => {
  fc.assert(
    fc.property(options, (wanted) => {
      expect(planFaults(wanted)).toEqual(planFaults({ ...wanted }))
    }),
  )
})

test('another plan comes when the seed is another', () => {
  const wanted = { minutes: 5, servers: 2, agents: 8, leaseSeconds: 60 }
  expect(planFaults({ ...wanted, seed: 1 })).not.toEqual(planFaults({ ...wanted, seed: 2 }))
})

test('every minute has at least six faults when any seed is given', () => {
  fc.assert(
    fc.property(options, (wanted) => {
      const plan = planFaults(wanted)
      for (let minute = 0; minute < wanted.minutes; minute += 1) {
        const inMinute = plan.filter(({ at }) => Math.floor(at / 60_000) === minute)
        expect(inMinute.length).toBeGreaterThanOrEqual(6)
      }
    }),
  )
})

test('faults come in order, hit what exists and stop for one to two leases when any seed is given', () => {
  fc.assert(
    fc.property(options, (wanted) => {
      let before = -1
      for (const fault of planFaults(wanted)) {
        expect(fault.at).toBeGreaterThanOrEqual(before)
        expect(fault.at).toBeLessThan(wanted.minutes * 60_000)
        before = fault.at
        const targets = fault.kind.endsWith('-server')
          ? wanted.servers
          : fault.kind.endsWith('-agent')
            ? wanted.agents
            : 1
        expect(fault.target).toBeLessThan(targets)
        if (!fault.kind.startsWith('stop-')) continue
        expect(fault.lastsMs).toBeGreaterThanOrEqual(wanted.leaseSeconds * 1_000)
        expect(fault.lastsMs).toBeLessThanOrEqual(wanted.leaseSeconds * 2_000)
      }
    }),
    { numRuns: 25 },
  )
})

test('every kind is planned when a run has five minutes', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const plan = planFaults({ seed, minutes: 5, servers: 2, agents: 8, leaseSeconds: 60 })
      expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS))
    }),
  )
})
