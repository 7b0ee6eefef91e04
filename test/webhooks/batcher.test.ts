import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Batcher } from '../../src/webhooks/batcher.ts'

/** A turn of the event loop, after everything that is due in this one. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

const schedule = fc.record({
  most: fc.integer({ min: 1, max: 7 }),
  inFlight: fc.integer({ min: 1, max: 3 }),
  /** Each item: the turn in which it is added, and whether its statement breaks. */
  items: fc.array(fc.record({ turns: fc.nat({ max: 4 }), bad: fc.boolean() }), { maxLength: 60 }),
  flushTurns: fc.nat({ max: 4 }),
})

test('everything that is added is flushed once, in order, and each failure reaches its own callers', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ most, inFlight, items, flushTurns }) => {
      const batches: number[][] = []
      let running = 0
      let mostRunning = 0
      const batcher = new Batcher<number>(
        async (batch) => {
          batches.push(batch)
          running += 1
          mostRunning = Math.max(mostRunning, running)
          for (let left = flushTurns; left > 0; left -= 1) await turn()
          running -= 1
          if (batch.some((item) => items[item]?.bad)) throw new Error(batch.join(' '))
        },
        { most, inFlight },
      )
      const results = await Promise.all(
        items.map(async ({ turns }, item) => {
          for (let left = turns; left > 0; left -= 1) await turn()
          return batcher.add(item).then(
            () => 'stored',
            (error: Error) => error.message,
          )
        }),
      )
      expect(batches.flat().toSorted((a, b) => a - b)).toEqual(items.map((_, item) => item))
      expect(Math.max(0, ...batches.map((batch) => batch.length))).toBeLessThanOrEqual(most)
      expect(mostRunning).toBeLessThanOrEqual(inFlight)
      for (const batch of batches) {
        const broken = batch.some((item) => items[item]?.bad)
        for (const item of batch) expect(results[item]).toBe(broken ? batch.join(' ') : 'stored')
      }
    }),
    { numRuns: 150 },
  )
})

test('what arrives while a statement is under way joins one batch', async () => {
  const batches: string[][] = []
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const batcher = new Batcher<string>(
    async (batch) => {
      batches.push(batch)
      await held
    },
    { most: 10, inFlight: 1 },
  )
  const first = batcher.add('first')
  await turn()
  await turn()
  const later = ['a', 'b', 'c'].map((item) => batcher.add(item))
  release()
  await Promise.all([first, ...later])
  expect(batches).toEqual([['first'], ['a', 'b', 'c']])
})
