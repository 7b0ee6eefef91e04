/** Something that goes wrong with a delivery to the app's webhook. */
export interface WebhookFault {
  kind: 'webhook'
  event?: string
  action?: string
  /** How often it happens; 1 when left out. */
  times?: number
  /**
   * `duplicate`: delivered twice. `drop`: never sent, logged as failed. `reorder`: sent after the next one.
   * `delayMs`: sent so much later, without holding the others up.
   */
  effect: 'duplicate' | 'drop' | 'reorder' | { delayMs: number }
}

/** Something that goes wrong with a request to the API or to git. */
export interface RequestFault {
  kind: 'request'
  /** `issues/create-comment`, ...; `git` for every git request. */
  operationId?: string
  /** A regular expression for the path with its query. */
  pathRegex?: string
  times?: number
  /** `before`: nothing is done (default). `after`: it is done, but the caller does not learn that it was. */
  when?: 'before' | 'after'
  /** `hang` never answers, `disconnect` cuts the connection. */
  effect: 'hang' | 'disconnect' | { status: 403 | 429 | 500 | 502 | 503; retryAfter?: number }
}

/** All installation tokens expire now. */
interface TokenFault {
  kind: 'token'
  expireNow: true
}

export type Fault = WebhookFault | RequestFault | TokenFault

interface Armed<Kind extends Fault> {
  id: number
  fault: Kind
  left: number
}

/** Faults that were asked for and have not happened yet. */
export class Faults {
  #lastId = 0
  #webhook: Armed<WebhookFault>[] = []
  #request: Armed<RequestFault>[] = []
  readonly #expireTokens: () => void

  constructor(expireTokens: () => void) {
    this.#expireTokens = expireTokens
  }

  /** Arms a fault, or expires the tokens at once. Answers with its id. */
  add(fault: Fault): number {
    this.#lastId += 1
    const id = this.#lastId
    if (fault.kind === 'webhook') this.#webhook.push({ id, fault, left: fault.times ?? 1 })
    else if (fault.kind === 'request') this.#request.push({ id, fault, left: fault.times ?? 1 })
    else this.#expireTokens()
    return id
  }

  /** The ids of those that have not happened yet, or not as often as they were asked for. */
  armed(): number[] {
    return [...this.#webhook, ...this.#request].map(({ id }) => id)
  }

  clear(): void {
    this.#webhook = []
    this.#request = []
  }

  /** Takes the first fault that this delivery meets. */
  takeWebhook(event: string, action: string | null): WebhookFault | undefined {
    return take(
      this.#webhook,
      (fault) =>
        (fault.event === undefined || fault.event === event) &&
        (fault.action === undefined || fault.action === action),
    )
  }

  /** Takes the first fault that this request meets. */
  takeRequest(operationId: string, path: string): RequestFault | undefined {
    return take(
      this.#request,
      (fault) =>
        (fault.operationId === undefined || fault.operationId === operationId) &&
        (fault.pathRegex === undefined || new RegExp(fault.pathRegex).test(path)),
    )
  }
}

function take<Kind extends Fault>(armed: Armed<Kind>[], matches: (fault: Kind) => boolean): Kind | undefined {
  const index = armed.findIndex((entry) => matches(entry.fault))
  const entry = armed[index]
  if (!entry) return undefined
  entry.left -= 1
  if (entry.left <= 0) armed.splice(index, 1)
  return entry.fault
}
