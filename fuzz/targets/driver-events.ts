import { claudeTranscript } from '../../src/agent/drivers/claude-transcript.ts'
import { codexTranscript } from '../../src/agent/drivers/codex-transcript.ts'
import { classifyLimit, describeLimit, reportOfLimit } from '../../src/agent/drivers/limit.ts'
import type { Transcript } from '../../src/agent/drivers/transcript.ts'
import { DriverReport } from '../../src/protocol/driver-report.ts'
import { reportableUsage, Usage } from '../../src/protocol/usage.ts'
import { promised, same, type Target } from '../target.ts'

const NOW = new Date('2026-11-23T09:44:00Z')

const programs: Record<string, () => Transcript> = {
  'claude-code': () => claudeTranscript(() => NOW),
  codex: () => codexTranscript('gpt-5'),
}

export const driverEvents: Target = {
  name: 'driver-events',
  promises: [
    'a line of a program is read or changes nothing',
    'a message has 500 characters at most, and what was spent can be reported',
    'a limit has a time that is one, and can be reported',
    'garbage between the lines changes nothing',
  ],
  words: [
    '\n',
    '{"type":"result","subtype":"success","is_error":false,"result":"done"}',
    '{"type":"turn.completed","usage":{"input_tokens":1}}',
    '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795427040}}',
    '"is_error":true',
    '"total_cost_usd":1e308',
    '"input_tokens":9007199254740991',
    '"resetsAt":1e308',
    '"retry_delay_ms":-1',
    'usage limit reached, try again in 30s',
    'try again at Nov 24th, 2026 6:58 AM',
    'hit your weekly limit, resets 1:52pm',
    'status: 429',
    '"__proto__":{"a":1}',
    '"constructor"',
    '"modelUsage":{"__proto__":{"inputTokens":1}}',
  ],
  run(bytes) {
    const lines = Buffer.from(bytes).toString().split('\n')
    for (const [name, make] of Object.entries(programs)) {
      const told = tell(make(), lines)
      const noisy = lines.flatMap((line) => ['WARNING {"type":"result"', line, '[1, 2]', '{"type":'])
      same(tell(make(), noisy), told, `${name} with garbage between its lines`)
    }
    for (const line of lines) limitIn(line)
  },
}

function tell(transcript: Transcript, lines: readonly string[]): unknown {
  const events = lines.flatMap((line) => {
    const value = parsed(line)
    return value === null ? [] : transcript.take(value)
  })
  for (const event of events) {
    if (event.type === 'message') promised(event.text.length <= 500, 'a message of great length')
    if (event.type === 'usage') promised(isReportable(event.usage), 'a usage that cannot be reported')
  }
  const [usage, verdict] = [transcript.usage(), transcript.verdict()]
  promised(usage === null || isReportable(usage), 'a total that cannot be reported')
  return { events, usage, verdict }
}

/** Within what the runner makes of it. */
function isReportable(usage: Usage): boolean {
  return Usage.safeParse(reportableUsage(usage)).success
}

/** As the runner reads a line: an object, or a text that decides nothing. */
function parsed(line: string): object | null {
  if (!line.startsWith('{')) return null
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' ? value : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function limitIn(text: string): void {
  const number = Number(/\d+(?:e\d+)?/.exec(text)?.[0] ?? 0)
  for (const refusal of [{ text }, { names: [text.trim()] }, { status: number, resetsAt: number, text }]) {
    const limit = classifyLimit(refusal, NOW)
    if (limit === null) continue
    promised(describeLimit(limit) !== '', 'a limit without words')
    const report = reportOfLimit(limit, 'A limit.', NOW)
    promised(DriverReport.safeParse(report).success, 'a limit that cannot be reported')
  }
}
