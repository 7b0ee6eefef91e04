import { z } from 'zod'
import { CostUsd, type TokenUsage, type Usage } from '../../protocol/usage.ts'
import type { DriverEvent } from './driver.ts'
import { classifyLimit, type Refusal } from './limit.ts'
import { message, type Transcript, type Verdict } from './transcript.ts'

/** No run comes near the largest; sums stay exact below it. */
const count = z.int().min(0).max(1e12).catch(0)

const ModelName = z.string().max(200)

/** What one answer of the model used. `output_tokens` is 1 in every event of the stream, so it is not read. */
const MessageUsage = z.looseObject({
  input_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
})

const Block = z.union([
  z.looseObject({ type: z.literal('text'), text: z.string() }),
  z.looseObject({ type: z.literal('tool_use'), name: z.string(), input: z.unknown() }),
  z.looseObject({ type: z.string() }),
])

const Refused = {
  api_error_status: z.number().nullish(),
  api_error_type: z.string().nullish(),
  api_error: z.string().nullish(),
}

const Line = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('assistant'),
    message: z.looseObject({
      id: z.string(),
      model: ModelName,
      content: z.array(Block),
      usage: MessageUsage,
    }),
    error: z.string().nullish(),
    ...Refused,
  }),
  z.looseObject({
    type: z.literal('result'),
    subtype: z.string(),
    is_error: z.boolean(),
    result: z.string().nullish(),
    total_cost_usd: CostUsd.nullish().catch(null),
    modelUsage: z
      .record(
        ModelName,
        z.looseObject({
          inputTokens: count,
          outputTokens: count,
          cacheReadInputTokens: count,
          cacheCreationInputTokens: count,
        }),
      )
      .catch({}),
    ...Refused,
  }),
  z.looseObject({
    type: z.literal('rate_limit_event'),
    rate_limit_info: z.looseObject({ status: z.string(), resetsAt: z.number().nullish() }),
  }),
  z.looseObject({
    type: z.literal('system'),
    subtype: z.literal('api_retry'),
    error_status: z.number().nullish(),
    error: z.string().nullish(),
    retry_delay_ms: z.number().nullish(),
  }),
])
type LineOf<T extends z.infer<typeof Line>['type']> = Extract<z.infer<typeof Line>, { type: T }>

const FAILURES: Record<string, string> = {
  error_max_turns: 'claude-code was stopped at its limit of turns (--max-turns)',
  error_max_budget_usd: 'claude-code was stopped at its limit of cost (--max-cost-usd)',
}

/** Reads `claude --output-format stream-json --verbose`. `now` is the time of a line, for limits. */
export function claudeTranscript(now: () => Date): Transcript {
  return new ClaudeTranscript(now)
}

class ClaudeTranscript implements Transcript {
  readonly #now: () => Date
  /** By the message's id: each of its blocks comes in an event of its own, with the same usage. */
  readonly #answers = new Map<string, TokenUsage>()
  #model: string | null = null
  #told: Usage | null = null
  #verdict: Verdict | null = null
  /** The name of the last error and the end of a spent allowance: the result repeats neither. */
  #error: string | null = null
  #resetsAt: number | null = null

  constructor(now: () => Date) {
    this.#now = now
  }

  verdict(): Verdict | null {
    return this.#verdict
  }

  take(value: unknown): DriverEvent[] {
    const parsed = Line.safeParse(value)
    if (!parsed.success) return []
    const line = parsed.data
    switch (line.type) {
      case 'assistant':
        return this.#assistant(line)
      case 'result':
        return this.#result(line)
      case 'rate_limit_event':
        return this.#allowance(line)
      case 'system':
        return this.#retry(line)
      default:
        return line satisfies never
    }
  }

  usage(): Usage | null {
    if (this.#told !== null) return this.#told
    if (this.#answers.size === 0) return null
    return { tokens: sum([...this.#answers.values()]), costUsd: null, model: this.#model }
  }

  #assistant(line: LineOf<'assistant'>): DriverEvent[] {
    const { id, model, content, usage } = line.message
    if (line.error) this.#error = line.error
    const events = content.flatMap(said)
    // An error that claude puts into words itself comes as an answer of no model.
    if (model === '<synthetic>') return events
    this.#model = model
    this.#answers.set(id, {
      input: usage.input_tokens,
      output: 0,
      cacheRead: usage.cache_read_input_tokens,
      cacheWrite: usage.cache_creation_input_tokens,
    })
    const spent = this.usage()
    return spent === null ? events : [...events, { type: 'usage', usage: spent }]
  }

  /** There may be several: each tells the totals of the run so far, and the last one counts. */
  #result(line: LineOf<'result'>): DriverEvent[] {
    this.#told = this.#total(line)
    if (line.subtype === 'success' && !line.is_error) {
      this.#verdict = { ok: true, summary: line.result ?? null }
    } else {
      const text = line.result ?? ''
      const failure = FAILURES[line.subtype] ?? `claude-code failed (${text || line.subtype})`
      this.#verdict = { ok: false, failure, refusal: line.is_error ? this.#refusal(line) : null }
    }
    return this.#told === null ? [] : [{ type: 'usage', usage: this.#told }]
  }

  /** From the list by model: `usage` beside it leaves the last answer out when a limit stops the run. */
  #total(line: LineOf<'result'>): Usage | null {
    const models = Object.values(line.modelUsage)
    if (models.length === 0) return this.#told
    const tokens = models.map((used) => ({
      input: used.inputTokens,
      output: used.outputTokens,
      cacheRead: used.cacheReadInputTokens,
      cacheWrite: used.cacheCreationInputTokens,
    }))
    const model = this.#model ?? Object.keys(line.modelUsage)[0] ?? null
    return { tokens: sum(tokens), costUsd: line.total_cost_usd ?? null, model }
  }

  #refusal(line: LineOf<'result'>): Refusal {
    return {
      status: line.api_error_status,
      names: [line.api_error, this.#error, line.api_error_type],
      resetsAt: this.#resetsAt,
      text: line.result ?? '',
    }
  }

  /** Only `rejected` stops the work: warnings come long before. */
  #allowance(line: LineOf<'rate_limit_event'>): DriverEvent[] {
    const { status, resetsAt = null } = line.rate_limit_info
    if (status !== 'rejected') return []
    this.#resetsAt = resetsAt
    return this.#limit({ names: ['usage_limit_reached'], resetsAt })
  }

  #retry(line: LineOf<'system'>): DriverEvent[] {
    return this.#limit({ status: line.error_status, names: [line.error] })
  }

  #limit(refusal: Refusal): DriverEvent[] {
    const limit = classifyLimit(refusal, this.#now())
    return limit === null ? [] : [{ type: 'limit', limit }]
  }
}

function said(block: z.infer<typeof Block>): DriverEvent[] {
  if (block.type === 'text' && typeof block.text === 'string') return message(block.text)
  if (block.type !== 'tool_use' || typeof block.name !== 'string') return []
  return message(`${block.name} ${subject(block.input)}`)
}

/** What a tool is used on: a command, a file or a pattern. */
function subject(input: unknown): string {
  const parsed = z.record(z.string(), z.unknown()).safeParse(input)
  if (!parsed.success) return ''
  const { command, file_path: file, pattern } = parsed.data
  const found = [command, file, pattern].find((value) => typeof value === 'string')
  return typeof found === 'string' ? found : ''
}

function sum(all: readonly TokenUsage[]): TokenUsage {
  const total: TokenUsage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
  for (const tokens of all) {
    total.input += tokens.input
    total.output += tokens.output
    total.cacheRead += tokens.cacheRead
    total.cacheWrite += tokens.cacheWrite
  }
  return total
}
