/** The closed catalog of errors: what every refusal that crosses a boundary is called and how to get past it. */

export type ProblemKind = {
  /** The HTTP status it is answered with. */
  readonly status: number
  /** True when the same call may succeed later without being changed. */
  readonly retryable: boolean
  /** Who can do something about it. */
  readonly audience: 'user' | 'agent' | 'operator'
  readonly message: string
  readonly fix: string
}

export const problems = {
  unauthorized: {
    status: 401,
    retryable: false,
    audience: 'user',
    message: 'The credential is missing, unknown or revoked.',
    fix: 'Send `Authorization: Bearer` with a valid key or session token, or sign in again.',
  },
  forbidden: {
    status: 403,
    retryable: false,
    audience: 'user',
    message: 'The caller is known but may not do this.',
    fix: 'Ask somebody with the right on the repository that the detail names.',
  },
  not_found: {
    status: 404,
    retryable: false,
    audience: 'user',
    message: 'There is nothing here that the caller may see.',
    fix: 'Check the address and the id, and that the caller has access to the repository.',
  },
  method_not_allowed: {
    status: 405,
    retryable: false,
    audience: 'user',
    message: 'This address does not answer to this method.',
    fix: 'Use one of the methods that the `Allow` header names.',
  },
  conflict: {
    status: 409,
    retryable: false,
    audience: 'user',
    message: 'Something else holds what this call needs.',
    fix: 'Read the current state and decide again.',
  },
  illegal_transition: {
    status: 409,
    retryable: false,
    audience: 'user',
    message: 'The task or session is in a state in which this cannot happen.',
    fix: 'Read the current state; the detail says what has to happen first.',
  },
  not_claimable: {
    status: 409,
    retryable: true,
    audience: 'agent',
    message: 'The task cannot be claimed now.',
    fix: 'Take another task; the detail says what this one waits for.',
  },
  no_work: {
    status: 409,
    retryable: true,
    audience: 'agent',
    message: 'There is no task that this agent could take now.',
    fix: 'Ask again at the next heartbeat; the agent record says why it gets no work.',
  },
  session_ended: {
    status: 410,
    retryable: false,
    audience: 'agent',
    message: 'The session has ended.',
    fix: 'Stop the work; a new session starts with a new assignment.',
  },
  lease_lost: {
    status: 410,
    retryable: false,
    audience: 'agent',
    message: 'The lease ran out and the task may belong to another session.',
    fix: 'Stop the work; report progress more often than the lease lasts.',
  },
  not_acknowledged: {
    status: 408,
    retryable: true,
    audience: 'agent',
    message: 'The assignment was not acknowledged in time and went to someone else.',
    fix: 'Answer `accepted` or `declined` within the time that the assignment names.',
  },
  budget_exceeded: {
    status: 402,
    retryable: false,
    audience: 'agent',
    message: 'The token budget of the session is spent.',
    fix: 'Push what there is and complete with `out_of_credit`.',
  },
  push_refused: {
    status: 403,
    retryable: false,
    audience: 'agent',
    message: 'The push breaks a rule of the project.',
    fix: 'Correct the commits as the sentence in the push output says, and push again.',
  },
  invalid_request: {
    status: 400,
    retryable: false,
    audience: 'user',
    message: 'The request is not what this address expects.',
    fix: 'Correct the fields that the detail names; see the API description.',
  },
  unknown_field: {
    status: 400,
    retryable: false,
    audience: 'user',
    message: 'The request has a field that this address does not know.',
    fix: 'Remove or rename the field that the detail names.',
  },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    audience: 'user',
    message: 'The body is not of a type that is read here, or is not what its header says.',
    fix: 'Send JSON with `content-type: application/json`.',
  },
  payload_too_large: {
    status: 413,
    retryable: false,
    audience: 'user',
    message: 'The body is larger than is read here.',
    fix: 'Send less; the detail names the limit in bytes.',
  },
  idempotency_mismatch: {
    status: 422,
    retryable: false,
    audience: 'user',
    message: 'This idempotency key was used before with another request.',
    fix: 'Use a new key for a new request.',
  },
  rate_limited: {
    status: 429,
    retryable: true,
    audience: 'user',
    message: 'Too many requests.',
    fix: 'Wait for the seconds that `Retry-After` names.',
  },
  invalid_signature: {
    status: 401,
    retryable: false,
    audience: 'operator',
    message: 'The signature of the delivery does not match its body.',
    fix: 'Set the same webhook secret on GitHub and on the server.',
  },
  invalid_configuration: {
    status: 422,
    retryable: false,
    audience: 'user',
    message: 'The configuration file of the repository is not valid.',
    fix: 'Correct the line that the detail names; the last valid file stays in force until then.',
  },
  github_unavailable: {
    status: 503,
    retryable: true,
    audience: 'operator',
    message: 'GitHub did not answer, or limits our calls.',
    fix: 'Wait; the work is queued and goes on by itself.',
  },
  service_unavailable: {
    status: 503,
    retryable: true,
    audience: 'operator',
    message: 'The server is starting, stopping or without its database.',
    fix: 'Try again shortly; `/readyz` says what is missing.',
  },
  not_implemented: {
    status: 501,
    retryable: false,
    audience: 'operator',
    message: 'This server does not do this.',
    fix: 'See the API description for what it does.',
  },
  internal: {
    status: 500,
    retryable: true,
    audience: 'operator',
    message: 'The server broke a promise of its own.',
    fix: 'Report it with the request id; the log has the cause under the same id.',
  },
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof problems

/** What the catalog says of a code. */
export function problem(code: ProblemCode): ProblemKind {
  return problems[code]
}

export function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(problems, text)
}
