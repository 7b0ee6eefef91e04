import type { Fault, RequestFault, WebhookFault } from '../src/local-github/faults.ts'
import type { PlannedFault } from './plan.ts'
import type { World } from './world.ts'

/** What became of a planned fault. `armed`: it waits for a delivery or a request that it can strike. */
export type Applied = 'applied' | 'armed' | 'not-applied'

const WRITES = [
  'issues/create-comment',
  'issues/update-comment',
  'issues/remove-label',
  'pulls/create',
  'git',
]
/** Requests that the server makes and the run itself does not. */
const REQUESTS = [
  ...WRITES,
  'issues/get',
  'repos/get-content',
  'repos/get-collaborator-permission-level',
  'issues/list-comments',
  'apps/list-webhook-deliveries',
]
const EVENTS: readonly Pick<WebhookFault, 'event' | 'action'>[] = [
  {},
  { event: 'issues', action: 'labeled' },
  { event: 'issues', action: 'opened' },
  { event: 'issues', action: 'labeled' },
  { event: 'pull_request', action: 'opened' },
  { event: 'push' },
  { event: 'issue_comment' },
]

/** Applies faults to a world and remembers what became of each. */
export class Faults {
  readonly #world: World
  readonly #armed = new Map<number, PlannedFault>()
  readonly #becomes: (fault: PlannedFault, what: Applied) => void

  constructor(world: World, becomes: (fault: PlannedFault, what: Applied) => void) {
    this.#world = world
    this.#becomes = becomes
  }

  /** Does it now, or arms it. `over` is told when a stopped process goes on. */
  async apply(fault: PlannedFault, over: () => void): Promise<Applied> {
    const process = this.#processOf(fault)
    if (process !== null) {
      const done = fault.kind.startsWith('kill-')
        ? await process.kill(fault.restartMs)
        : await process.stop(fault.lastsMs, over)
      return this.#tell(fault, done ? 'applied' : 'not-applied')
    }
    const id = await this.#world.github.addFault(githubFault(fault))
    if (fault.kind === 'github-tokens-expire') return this.#tell(fault, 'applied')
    this.#armed.set(id, fault)
    return this.#tell(fault, 'armed')
  }

  /** Looks which of the armed ones have happened. */
  async look(): Promise<void> {
    const left = new Set(await this.#world.github.armedFaults())
    for (const [id, fault] of this.#armed) {
      if (left.has(id)) continue
      this.#armed.delete(id)
      this.#becomes(fault, 'applied')
    }
  }

  /** Disarms what has not happened: it never will. */
  async end(): Promise<void> {
    await this.look()
    await this.#world.github.clearFaults()
    for (const fault of this.#armed.values()) this.#becomes(fault, 'not-applied')
    this.#armed.clear()
  }

  #tell(fault: PlannedFault, what: Applied): Applied {
    this.#becomes(fault, what)
    return what
  }

  #processOf({ kind, target }: PlannedFault) {
    const { servers, agents, postgres } = this.#world
    if (kind.endsWith('-postgres')) return postgres
    if (kind.endsWith('-server')) return servers[target] ?? null
    return kind.endsWith('-agent') ? (agents[target] ?? null) : null
  }
}

function githubFault(fault: PlannedFault): Fault {
  const { kind, choice, lastsMs } = fault
  const request = (when: 'before' | 'after', effect: RequestFault['effect']): RequestFault => {
    const list = when === 'after' ? WRITES : REQUESTS
    const operationId = list[choice % list.length]
    return { kind: 'request', when, effect, ...(operationId === undefined ? {} : { operationId }) }
  }
  const webhook = (effect: WebhookFault['effect']): WebhookFault => {
    return { kind: 'webhook', effect, ...EVENTS[choice % EVENTS.length] }
  }
  switch (kind) {
    case 'webhook-duplicate':
      return webhook('duplicate')
    case 'webhook-delay':
      return webhook({ delayMs: lastsMs })
    case 'webhook-reorder':
      return webhook('reorder')
    case 'webhook-drop':
      return webhook('drop')
    case 'github-5xx':
      return request('before', { status: choice % 2 === 0 ? 502 : 503 })
    case 'github-403-retry-after':
      return request('before', { status: 403, retryAfter: lastsMs / 1_000 })
    case 'github-cut':
      return request('before', 'disconnect')
    case 'github-5xx-after-effect':
      return request('after', { status: 502 })
    case 'github-cut-after-effect':
      return request('after', 'disconnect')
    case 'github-hang-after-effect':
      return request('after', 'hang')
    case 'github-tokens-expire':
      return { kind: 'token', expireNow: true }
    default:
      throw new Error(`${kind} is no fault of GitHub's`)
  }
}

/** One line that says what a fault is. */
export function describe(fault: PlannedFault): string {
  const { kind, target, lastsMs } = fault
  if (kind.startsWith('stop-')) return `${kind} ${target} for ${(lastsMs / 1_000).toFixed(1)} s`
  if (kind.startsWith('kill-')) return `${kind} ${target}`
  const { kind: _, ...what } = githubFault(fault)
  return `${kind} ${JSON.stringify(what)}`
}
