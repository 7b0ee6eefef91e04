import type { RefusalAnswer, SpokenFault } from '../protocol.ts'

const HOUR_S = 3_600

/** What OpenAI answers instead of an answer of the model. */
export function refuseOpenAi(fault: SpokenFault, now: Date): RefusalAnswer {
  switch (fault) {
    case 'rate-limit':
      return refusal(
        429,
        {
          type: 'requests',
          code: 'rate_limit_exceeded',
          message:
            'Rate limit reached on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 1s.',
        },
        { 'retry-after': '1', 'x-ratelimit-remaining-requests': '0' },
      )
    case 'usage-limit':
      return usageLimit(Math.floor(now.getTime() / 1000) + HOUR_S)
    case 'out-of-credit':
      return refusal(429, {
        type: 'insufficient_quota',
        code: 'insufficient_quota',
        message: 'You exceeded your current quota, please check your plan and billing details.',
      })
    case 'overloaded':
      return refusal(503, { type: 'server_error', code: 'server_is_overloaded', message: 'Overloaded' })
    case 'server-error':
      return refusal(500, { type: 'server_error', code: null, message: 'The server had an error.' })
    case 'unauthorized':
      return refusal(401, {
        type: 'invalid_request_error',
        code: 'invalid_api_key',
        message: 'Incorrect API key provided.',
      })
    default:
      return fault satisfies never
  }
}

/** A plan whose window of five hours is used up. */
function usageLimit(resetsAt: number): RefusalAnswer {
  return refusal(
    429,
    {
      type: 'usage_limit_reached',
      message: 'The usage limit has been reached',
      plan_type: 'plus',
      resets_at: resetsAt,
      resets_in_seconds: HOUR_S,
    },
    {
      'x-codex-primary-used-percent': '100',
      'x-codex-primary-window-minutes': '300',
      'x-codex-primary-reset-at': String(resetsAt),
    },
  )
}

function refusal(status: number, error: object, headers: Record<string, string> = {}): RefusalAnswer {
  return { status, headers, body: { error } }
}
