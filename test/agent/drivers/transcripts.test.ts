import { readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { claudeTranscript } from '../../../src/agent/drivers/claude-transcript.ts'
import { codexTranscript } from '../../../src/agent/drivers/codex-transcript.ts'
import type { ProgramProvider } from '../../../src/agent/drivers/programs.ts'
import type { Transcript } from '../../../src/agent/drivers/transcript.ts'
import { Usage } from '../../../src/protocol/usage.ts'
import { goldenFile } from './golden.ts'
import { parseRecording } from './transcript-file.ts'

const NOW = new Date('2026-11-23T12:00:00.000Z')
const start = (provider: ProgramProvider): Transcript =>
  provider === 'codex' ? codexTranscript('m') : claudeTranscript(() => NOW)

/** All lines that the real program was seen to print. */
function recordedLines(provider: ProgramProvider): unknown[] {
  const directory = dirname(goldenFile(provider, 'success'))
  return readdirSync(directory).flatMap((name) =>
    parseRecording(readFileSync(`${directory}/${name}`, 'utf8')).lines.flatMap(({ kind, text }) =>
      kind === 'out' && text.startsWith('{') ? [JSON.parse(text) as unknown] : [],
    ),
  )
}

/** A line in which one value, at any depth, is another one. */
function changed(lines: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.tuple(fc.constantFrom(...lines), fc.nat(), fc.jsonValue()).map(([line, place, value]) => {
    let places = 0
    JSON.stringify(line, (_key, inner) => {
      places += 1
      return inner as unknown
    })
    let at = place % places
    const text = JSON.stringify(line, (_key, inner) => (at-- === 0 ? value : (inner as unknown)))
    return JSON.parse(text) as unknown
  })
}

describe.each(['claude-code', 'codex'] as const)('the lines of %s', (provider) => {
  const lines = recordedLines(provider)

  test('are read without an error and to a valid usage, whatever stands in them and in whatever order', () => {
    const line = fc.oneof(fc.constantFrom(...lines), changed(lines), fc.jsonValue())
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (told) => {
        const transcript = start(provider)
        for (const one of told) {
          for (const event of transcript.take(one)) if (event.type === 'usage') Usage.parse(event.usage)
        }
        const usage = transcript.usage()
        if (usage !== null) Usage.parse(usage)
        transcript.verdict()
      }),
      { numRuns: 500 },
    )
  })
})

describe('what claude spent', () => {
  const answer = (id: string, input: number) => ({
    type: 'assistant',
    message: {
      id,
      model: 'm',
      content: [],
      usage: { input_tokens: input, cache_read_input_tokens: 5, output_tokens: 1 },
    },
  })

  test('is known while it works, with an answer of several blocks counted once', () => {
    const transcript = start('claude-code')
    for (const line of [answer('a', 10), answer('a', 10), answer('b', 7)]) transcript.take(line)
    expect(transcript.usage()).toEqual({
      tokens: { input: 17, output: 0, cacheRead: 10, cacheWrite: 0 },
      costUsd: null,
      model: 'm',
    })
  })

  test('is the total of all models in the last result, also when its own usage is short of an answer', () => {
    const transcript = start('claude-code')
    transcript.take(answer('a', 10))
    const used = (inputTokens: number) => ({
      inputTokens,
      outputTokens: 3,
      cacheReadInputTokens: 2,
      cacheCreationInputTokens: 1,
    })
    const result = {
      type: 'result',
      subtype: 'success',
      is_error: false,
      result: 'ok',
      usage: { input_tokens: 1 },
    }
    transcript.take({ ...result, total_cost_usd: 0.1, modelUsage: { m: used(10) } })
    transcript.take({ ...result, total_cost_usd: 0.3, modelUsage: { m: used(20), n: used(1) } })
    expect(transcript.usage()).toEqual({
      tokens: { input: 21, output: 6, cacheRead: 4, cacheWrite: 2 },
      costUsd: 0.3,
      model: 'm',
    })
  })
})

describe('what codex spent', () => {
  test.each([
    [
      { input_tokens: 100, cached_input_tokens: 60, cache_write_input_tokens: 10, output_tokens: 5 },
      [30, 5, 60, 10],
    ],
    [{ input_tokens: 100, cached_input_tokens: 160, output_tokens: 5 }, [0, 5, 100, 0]],
    [{ input_tokens: 100, output_tokens: 5 }, [100, 5, 0, 0]],
    [{}, [0, 0, 0, 0]],
  ])('adds up to what it calls input and output: %j', (usage, [input, output, cacheRead, cacheWrite]) => {
    const transcript = start('codex')
    transcript.take({ type: 'turn.completed', usage })
    expect(transcript.usage()?.tokens).toEqual({ input, output, cacheRead, cacheWrite })
  })

  test('an error on the way is no failure when the turn then completes', () => {
    const transcript = start('codex')
    transcript.take({ type: 'error', message: 'Reconnecting... 1/2' })
    transcript.take({ type: 'turn.completed', usage: {} })
    expect(transcript.verdict()).toMatchObject({ ok: true })
  })
})
