import type { RefusalAnswer, SpokenFault } from '../protocol.ts'

const HOUR_MS = 3_600_000

/** What Anthropic answers instead of an answer of the model, with the headers from which clients read limits. */
export function refuseAnthropic(fault: SpokenFault, now: Date): RefusalAnswer {
  switch (fault) {
    case 'rate-limit':
      return refusal(
        429,
        'rate_limit_error',
        "This request would exceed your organization's rate limit of 50 requests per minute.",
        { 'retry-after': '1', 'anthropic-ratelimit-requests-remaining': '0' },
      )
    case 'usage-limit':
      return refusal(
        429,
        'rate_limit_error',
        "This request would exceed your account's rate limit. Please try again later.",
        allowanceSpent(now),
      )
    case 'out-of-credit':
      return refusal(
        400,
        'invalid_request_error',
        'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
      )
    case 'overloaded':
      return refusal(529, 'overloaded_error', 'Overloaded')
    case 'server-error':
      return refusal(500, 'api_error', 'Internal server error')
    case 'unauthorized':
      return refusal(401, 'authentication_error', 'invalid x-api-key')
    default:
      return fault satisfies never
  }
}

/** A plan whose window of five hours is used up: Claude Code believes it only when it signs in to a plan. */
function allowanceSpent(now: Date): Record<string, string> {
  const reset = String(Math.floor((now.getTime() + HOUR_MS) / 1000))
  const unified = 'anthropic-ratelimit-unified'
  return {
    'retry-after': '3600',
    'x-should-retry': 'false',
    [`${unified}-status`]: 'rejected',
    [`${unified}-reset`]: reset,
    [`${unified}-representative-claim`]: 'five_hour',
    [`${unified}-5h-status`]: 'rejected',
    [`${unified}-5h-reset`]: reset,
    [`${unified}-5h-utilization`]: '1.0',
    [`${unified}-overage-status`]: 'rejected',
    [`${unified}-overage-disabled-reason`]: 'out_of_credits',
  }
}

function refusal(
  status: number,
  type: string,
  message: string,
  headers: Record<string, string> = {},
): RefusalAnswer {
  return { status, headers, body: { type: 'error', error: { type, message } } }
}
