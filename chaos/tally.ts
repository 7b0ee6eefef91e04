import type { Applied } from './faults.ts'
import { endingOf, type TaskState } from './invariants/ending.ts'
import type { Violation } from './invariants/violation.ts'
import { FAULT_KINDS, type FaultKind, type PlannedFault } from './plan.ts'

/** What is asked of a run at least, so that it proves something. */
const LEAST = { projects: 4, agents: 8, tasks: 20, faultsPerMinute: 6 } as const

/** What a run came to. */
export interface Result {
  seed: number
  minutes: number
  projects: number
  agents: number
  servers: number
  leaseSeconds: number
  planned: Record<FaultKind, number>
  applied: Record<FaultKind, number>
  endings: Record<string, number>
  tasks: number
  sessions: Record<string, number>
  /** Looks at the invariants, and those at which the database was away. */
  looks: number
  blindLooks: number
  /** Ends that nobody asked for, by the name of the process. */
  ownEnds: Record<string, number>
  webhooks: { events: number; copies: number; refused: number }
  requests: { requests: number; failed: number }
  /** Failures of the local GitHub itself; they stand in the log. */
  githubFailures: number
  convergedSeconds: number | null
  violations: Violation[]
}

/** Counts faults by what became of them. */
export class Tally {
  readonly planned = zero()
  readonly applied = zero()

  constructor(plan: readonly PlannedFault[]) {
    for (const { kind } of plan) this.planned[kind] += 1
  }

  count({ kind }: PlannedFault, what: Applied): void {
    if (what === 'applied') this.applied[kind] += 1
  }
}

function zero(): Record<FaultKind, number> {
  return Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>
}

export function endingsOf(tasks: readonly TaskState[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const task of tasks) {
    const ending = endingOf(task)
    const name = ending.ended ? ending.as : 'not ended'
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

/** What the run lacks of the load that it must have had; empty when nothing. */
export function missingLoad(result: Result): string[] {
  const applied = sum(result.applied)
  const faults = LEAST.faultsPerMinute * result.minutes
  const least = [
    ['projects', result.projects, LEAST.projects],
    ['agents', result.agents, LEAST.agents],
    ['tasks', result.tasks, LEAST.tasks],
    ['applied faults', applied, faults],
  ] as const
  return least.flatMap(([what, had, wanted]) =>
    had < wanted ? [`${had} ${what}, at least ${wanted} wanted`] : [],
  )
}

/** The summary that ends a run, as text. */
export function summary(result: Result): string {
  const minutes = Math.max(result.minutes, 1 / 60)
  const applied = sum(result.applied)
  const rows: [string, string][] = [
    ['seed', `${result.seed}, ${result.minutes} minutes, lease ${result.leaseSeconds} s`],
    ['world', `${result.projects} projects, ${result.agents} agents, ${result.servers} servers`],
    ...FAULT_KINDS.map((kind): [string, string] => [
      `fault ${kind}`,
      `${result.applied[kind]} of ${result.planned[kind]} planned`,
    ]),
    ['faults', `${applied} applied, ${(applied / minutes).toFixed(1)} a minute`],
    ['tasks', `${result.tasks}: ${list(result.endings)}`],
    ['sessions', `${sum(result.sessions)}: ${list(result.sessions)}`],
    [
      'webhooks',
      `${result.webhooks.events} events, ${result.webhooks.copies} sent again, ${result.webhooks.refused} without 202`,
    ],
    [
      'GitHub',
      `${result.requests.requests} requests of the app in its log, ${result.requests.failed} failed; ${result.githubFailures} failures of its own`,
    ],
    ['ended by themselves', list(result.ownEnds) || 'none'],
    ['looks', `${result.looks}, the database was away at ${result.blindLooks}`],
    [
      'converged',
      result.convergedSeconds === null
        ? 'never'
        : `${result.convergedSeconds.toFixed(1)} s after the last fault`,
    ],
    [
      'violations',
      `${result.violations.length}${result.violations.length ? `: ${list(byInvariant(result.violations))}` : ''}`,
    ],
  ]
  return rows.map(([name, value]) => `${name.padEnd(32)}${value}`).join('\n')
}

function byInvariant(violations: readonly Violation[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { invariant } of violations) counts[invariant] = (counts[invariant] ?? 0) + 1
  return counts
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
