import { describe, expect, test } from 'vitest'
import { fuzz, readCorpus } from '../../fuzz/run.ts'
import { promised, type Target } from '../../fuzz/target.ts'
import { targets } from '../../fuzz/targets.ts'

/** A fixed seed: what fails here fails for everybody. `npm run fuzz` takes others. */
const SEED = 20_261_123

/** As many as take about two seconds. */
const RUNS: Record<string, number> = {
  'added-lines': 1_000,
  commands: 1_500,
  config: 60,
  'driver-events': 400,
  texts: 250,
  'webhook-door': 1_000,
}

describe('the promises of a target hold for its corpus and for what becomes of it', () => {
  test.each(targets.map((target) => [target.name, target] as const))('%s', async (name, target) => {
    const corpus = await readCorpus(name)
    expect(corpus.length).toBeGreaterThan(2)
    const { runs, finding } = await fuzz(target, corpus, { seed: SEED, runs: RUNS[name] ?? 3_000 })
    await target.close?.()
    expect(finding && `${String(finding.error)}\n${finding.input.toString('base64')}`).toBeNull()
    expect(runs).toBe(corpus.length + (RUNS[name] ?? 3_000))
  })
})

describe('the fuzzer', () => {
  const broken = (run: Target['run']): Target => ({ name: 'broken', promises: [], words: ['needle'], run })

  test('finds what breaks a promise, and the same with the same seed', async () => {
    const target = broken((bytes) => promised(!Buffer.from(bytes).includes('needle'), 'no needle'))
    const one = await fuzz(target, [Buffer.from('hay')], { seed: 1, runs: 10_000 })
    const other = await fuzz(target, [Buffer.from('hay')], { seed: 1, runs: 10_000 })
    expect(String(one.finding?.error)).toContain('no needle')
    expect(one.finding?.input).toEqual(other.finding?.input)
  })

  test('finds time that grows with the square of the input', async () => {
    const slow = broken((bytes) => {
      const end = process.threadCpuUsage().user + (bytes.length > 1_000 ? 40_000 : 0)
      while (process.threadCpuUsage().user < end);
    })
    const found = await fuzz(slow, [Buffer.from('abc')], { seed: 1, runs: 1_000, cpuMs: 30 })
    expect(String(found.finding?.error)).toMatch(/bytes took \d+ ms/)
  })

  test('finds a prototype that was polluted', async () => {
    const shared = Object.prototype as Record<string, unknown>
    const target = broken(() => {
      shared.polluted = true
    })
    try {
      const { finding } = await fuzz(target, [Buffer.from('x')], { seed: 1, runs: 1 })
      expect(String(finding?.error)).toContain('Object.prototype got polluted')
    } finally {
      delete shared.polluted
    }
  })
})
