import { z } from 'zod'
import type { TokenUsage, Usage } from '../../protocol/usage.ts'
import type { DriverEvent } from './driver.ts'
import { message, type Transcript, type Verdict } from './transcript.ts'

const count = z.int().min(0).max(1e12).catch(0)

/** As codex counts: what came from the cache is inside of the input. */
export const CodexUsage = z.looseObject({
  input_tokens: count,
  cached_input_tokens: count,
  cache_write_input_tokens: count,
  output_tokens: count,
})

const Item = z.looseObject({
  type: z.string(),
  text: z.string().nullish(),
  command: z.string().nullish(),
  message: z.string().nullish(),
})

const Line = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('item.started'), item: Item }),
  z.looseObject({ type: z.literal('item.completed'), item: Item }),
  z.looseObject({ type: z.literal('turn.completed'), usage: CodexUsage }),
  z.looseObject({ type: z.literal('turn.failed'), error: z.looseObject({ message: z.string() }) }),
  z.looseObject({ type: z.literal('error'), message: z.string() }),
])

/** Tokens as everybody else counts them; the four add up to what codex calls input and output. */
export function codexTokens(usage: z.infer<typeof CodexUsage>): TokenUsage {
  const cacheRead = Math.min(usage.cached_input_tokens, usage.input_tokens)
  const cacheWrite = Math.min(usage.cache_write_input_tokens, usage.input_tokens - cacheRead)
  return {
    input: usage.input_tokens - cacheRead - cacheWrite,
    output: usage.output_tokens,
    cacheRead,
    cacheWrite,
  }
}

/** Reads `codex exec --json`. */
export function codexTranscript(model: string | null): Transcript {
  let spent: Usage | null = null
  let answer: string | null = null
  let verdict: Verdict | null = null

  return {
    usage: () => spent,
    verdict: () => verdict,
    take(value) {
      const parsed = Line.safeParse(value)
      if (!parsed.success) return []
      const line = parsed.data
      switch (line.type) {
        case 'item.started':
          return line.item.command ? message(`$ ${line.item.command}`) : []
        case 'item.completed':
          if (line.item.type === 'agent_message') answer = line.item.text ?? answer
          return message(
            line.item.type === 'agent_message' ? (line.item.text ?? '') : (line.item.message ?? ''),
          )
        case 'turn.completed': {
          // The total of the thread, not of the turn; no cost is told.
          spent = { tokens: codexTokens(line.usage), costUsd: null, model }
          verdict = { ok: true, summary: answer }
          return [{ type: 'usage', usage: spent }] satisfies DriverEvent[]
        }
        case 'turn.failed': {
          const text = line.error.message
          verdict = { ok: false, failure: `codex failed (${text})`, refusal: { text } }
          return []
        }
        case 'error':
          // Also told when codex then tries again with success: only the turn says how it ended.
          return message(line.message)
        default:
          return line satisfies never
      }
    },
  }
}
