import type { Limit } from '../../../src/agent/drivers/limit.ts'
import type { ProgramProvider } from '../../../src/agent/drivers/programs.ts'
import type { Fault, ScriptInput } from '../../../src/local-model/script.ts'
import type { TokenUsage } from '../../../src/protocol/usage.ts'

/** What the scripted model does in a recorded run, and from where on the run is ended from outside. */
export type Scenario = {
  script: ScriptInput
  /** The run is stopped with SIGTERM when this was said (or, when empty, as soon as the model was asked). */
  stopWhen?: string
  /** What the run does to the working copy, for the replay. */
  does?: string
  /** Instead of an API key claude signs in with a plan's token. */
  plan?: true
  maxTurns?: number
  only?: ProgramProvider
  /** What the driver makes of it, whether the real program runs or its recording is played. */
  expected: Expected
}

export type Expected = {
  failure: RegExp | null
  limit: Limit['kind'] | null
  outcome?: 'out_of_credit'
  summary?: RegExp
  tokens?: Partial<Record<ProgramProvider, TokenUsage>>
}

export const COMMIT = 'echo hello > greeting.txt && git add -A && git commit --quiet -m "Greet people"'

const fault = (name: Fault): ScriptInput => [{ steps: [{ fault: name, repeat: true }] }]

/** One golden transcript per name and program. */
const SCENARIOS: Record<string, Scenario> = {
  success: {
    script: [{ steps: [{ text: 'I add the greeting.', shell: COMMIT }, { text: 'The greeting is there.' }] }],
    does: COMMIT,
    expected: {
      failure: null,
      limit: null,
      summary: /^The greeting is there\.$/,
      tokens: {
        'claude-code': { input: 2_000, output: 200, cacheRead: 400, cacheWrite: 100 },
        // OpenAI does not tell what was written to the cache
        codex: { input: 2_000, output: 200, cacheRead: 400, cacheWrite: 0 },
      },
    },
  },
  'server-error': {
    script: fault('server-error'),
    // Codex says of every 5xx that the demand is high
    expected: { failure: /failed \(/, limit: 'overloaded' },
  },
  'rate-limit': {
    script: fault('rate-limit'),
    expected: { failure: /429/, limit: 'rate_limited', outcome: 'out_of_credit' },
  },
  'usage-limit': {
    script: fault('usage-limit'),
    plan: true,
    expected: { failure: /limit/, limit: 'exhausted', outcome: 'out_of_credit' },
  },
  'out-of-credit': {
    script: fault('out-of-credit'),
    expected: { failure: /[Cc]redit balance|[Qq]uota/, limit: 'exhausted', outcome: 'out_of_credit' },
  },
  overloaded: {
    script: fault('overloaded'),
    expected: { failure: /[Oo]verloaded|capacity/, limit: 'overloaded' },
  },
  unauthorized: { script: fault('unauthorized'), expected: { failure: /API key/, limit: 'auth' } },
  cut: {
    script: [{ steps: [{ text: 'I beg', fault: 'cut', repeat: true }] }],
    expected: { failure: /Connection|disconnected/, limit: null },
  },
  'max-turns': {
    script: [{ steps: [{ shell: 'echo again', repeat: true }] }],
    maxTurns: 2,
    only: 'claude-code',
    expected: {
      failure: /limit of turns \(--max-turns\)/,
      limit: null,
      tokens: { 'claude-code': { input: 2_000, output: 200, cacheRead: 400, cacheWrite: 100 } },
    },
  },
  stopped: {
    script: [{ steps: [{ text: 'I wait now.', shell: 'tail -f /dev/null' }] }],
    stopWhen: 'I wait now.',
    expected: { failure: /ended without saying how its work went/, limit: null },
  },
  hang: {
    script: fault('hang'),
    stopWhen: '',
    expected: { failure: /ended without saying how its work went/, limit: null },
  },
}

export function scenariosOf(provider: ProgramProvider): [string, Scenario][] {
  return Object.entries(SCENARIOS).filter(([, { only = provider }]) => only === provider)
}
