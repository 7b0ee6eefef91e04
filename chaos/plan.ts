/** What is done to the world, and when: a pure function of the seed. */

export const FAULT_KINDS = [
  'kill-server',
  'stop-server',
  'kill-agent',
  'stop-agent',
  'kill-postgres',
  'stop-postgres',
  'webhook-duplicate',
  'webhook-delay',
  'webhook-reorder',
  'webhook-drop',
  'github-5xx',
  'github-403-retry-after',
  'github-cut',
  'github-5xx-after-effect',
  'github-cut-after-effect',
  'github-hang-after-effect',
  'github-tokens-expire',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** One fault. Times in milliseconds; `at` since the first fault may come. */
export interface PlannedFault {
  readonly id: number
  readonly at: number
  readonly kind: FaultKind
  /** Which server or agent; 0 for what there is one of. */
  readonly target: number
  /** How long a stopped process stays stopped, how late a webhook is, how long GitHub asks to wait. */
  readonly lastsMs: number
  /** How long the supervisor waits before it starts a killed process again. */
  readonly restartMs: number
  /** Which request of GitHub's, by its place in the list of those that may be struck. */
  readonly choice: number
}

export interface PlanOptions {
  readonly seed: number
  readonly minutes: number
  readonly servers: number
  readonly agents: number
  readonly leaseSeconds: number
  /** Planned a minute; some cannot be applied. */
  readonly perMinute?: number
}

/** How often each kind is in one deck: stopping everything at once is rare, so that there is work to disturb. */
const DECK: Readonly<Record<FaultKind, number>> = {
  'kill-server': 5,
  'stop-server': 3,
  'kill-agent': 8,
  'stop-agent': 5,
  'kill-postgres': 3,
  'stop-postgres': 1,
  'webhook-duplicate': 4,
  'webhook-delay': 4,
  'webhook-reorder': 4,
  'webhook-drop': 5,
  'github-5xx': 3,
  'github-403-retry-after': 2,
  'github-cut': 2,
  'github-5xx-after-effect': 3,
  'github-cut-after-effect': 3,
  'github-hang-after-effect': 3,
  'github-tokens-expire': 1,
}
const PER_MINUTE = 12
const MINUTE_MS = 60_000
const CHOICES = 1_000

/** A random number generator that a seed repeats (mulberry32): uniform in [0, 1). */
function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * The faults of one run, by time. The same options give the same plan. Kinds are dealt from a shuffled deck, so that a
 * run of five minutes has every kind; the first card of each kind comes in the first deck's first half.
 */
export function planFaults(options: PlanOptions): PlannedFault[] {
  const random = generator(options.seed)
  const perMinute = options.perMinute ?? PER_MINUTE
  const total = Math.round(options.minutes * perMinute)
  const gap = (options.minutes * MINUTE_MS) / Math.max(1, total)
  const kinds = dealer(random)
  return Array.from({ length: total }, (_, index) => {
    const kind = kinds()
    const draw = (below: number): number => Math.floor(random() * below)
    return {
      id: index + 1,
      // one in each equal part: the rate holds in every minute, the moment is random
      at: Math.floor((index + random()) * gap),
      kind,
      target: kind.endsWith('-server')
        ? draw(options.servers)
        : kind.endsWith('-agent')
          ? draw(options.agents)
          : 0,
      lastsMs: lasts(kind, options.leaseSeconds, random),
      restartMs: 500 + draw(2_500),
      choice: draw(CHOICES),
    }
  })
}

function lasts(kind: FaultKind, leaseSeconds: number, random: () => number): number {
  const share = random()
  if (kind.startsWith('stop-')) return Math.round(leaseSeconds * 1_000 * (1 + share))
  if (kind === 'webhook-delay') return 500 + Math.round(share * 15_000)
  if (kind === 'github-403-retry-after') return 1_000 * (1 + Math.floor(share * 5))
  return 0
}

/** Deals one deck after the other; the first begins with one card of each kind. */
function dealer(random: () => number): () => FaultKind {
  const full = FAULT_KINDS.flatMap((kind) => Array.from({ length: DECK[kind] - 1 }, () => kind))
  let hand: FaultKind[] = []
  return () => {
    if (hand.length === 0) hand = [...shuffled(full, random), ...shuffled(FAULT_KINDS, random)]
    const kind = hand.pop()
    if (kind === undefined) throw new Error('a deck is never empty')
    return kind
  }
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const keyed = items.map((item) => ({ item, key: random() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}
