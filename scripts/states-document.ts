/** The text of `docs/states.md`, made from the transition tables. */

import {
  failureReasons,
  type SessionRow,
  sessionEvents,
  sessionStatuses,
  sessionTransitions,
} from '../src/domain/session.ts'
import {
  initialTaskStatus,
  pauseReasons,
  type TaskRow,
  type TaskStatus,
  taskEvents,
  taskStatuses,
  taskTransitions,
} from '../src/domain/task.ts'

export function statesDocument(): string {
  return [...taskPart(), ...sessionPart()].join('\n')
}

const taskWaitsFor: Record<TaskStatus, string> = {
  backlog: 'somebody with the trigger right to ask for it',
  ready: 'an agent; when it is requested, Mission Control dispatches it as soon as it is allowed to',
  processing: 'the agent of its live session',
  paused: 'what its reason names: a person, an answer, a free credit',
  review: 'a reviewer, the checks, or the merge',
  done: 'nothing; a revert or a reopened issue moves it on',
  cancelled: 'nothing; a new request or a reopened issue revives it',
}

function taskPart(): string[] {
  return [
    '# States',
    '',
    '<!-- Generated from src/domain by `npm run generate`; do not edit. -->',
    '',
    '## Task',
    '',
    ...diagram(taskTransitions, initialTaskStatus, 'first trusted touch of an open issue'),
    '',
    'Events that leave the status as it is are in the tables only.',
    '',
    ...table(
      ['status', 'waits for'],
      taskStatuses.map((status) => [`\`${status}\``, taskWaitsFor[status]]),
    ),
    '',
    `Pause reasons: ${list(pauseReasons)}. Only a \`ready\` task can be requested. \`frozen\` is a flag beside the status.`,
    '',
    'For one task and one event the first row that applies counts. An event for which no row applies is refused with',
    'a typed reason. A step that no person approved (marked *automatic*) goes to `backlog` instead when the approved',
    'text was edited since by someone without the trigger right.',
    '',
    ...table(['from', 'event', 'to', 'effects', 'then moved on by', 'why'], taskTransitions.map(taskLine)),
    '',
    `Events come as requests (which may be refused), from a session, from GitHub, or from the clock: ${Object.entries(
      taskEvents,
    )
      .map(([event, source]) => `\`${event}\` (${source})`)
      .join(', ')}.`,
    '',
  ]
}

function taskLine(row: TaskRow): string[] {
  const guards = [
    ...(row.guards ?? []).map((guard) => taskGuards[guard]),
    ...(row.pausedFor === undefined ? [] : [`paused for ${row.pausedFor.join(', ')}`]),
  ]
  const from = list(row.from) + (guards.length === 0 ? '' : ` when ${guards.join(' and ')}`)
  const to = row.to === 'same' ? 'the same' : `\`${row.to}\`${row.requested === true ? ', requested' : ''}`
  const reason = row.pauseReason === undefined ? '' : ` (\`${row.pauseReason}\`)`
  return [from, `\`${row.event}\``, `${to}${reason}`, taskEffects(row), row.movedBy, row.why]
}

const taskGuards = {
  requested: 'it is requested',
  open: 'the issue is open',
  pull_request: 'a pull request exists',
  merged: 'its work was merged',
} as const

function taskEffects(row: TaskRow): string {
  const effects = [
    row.automatic === true ? '*automatic*' : '',
    row.stop === 'grace' ? 'the session stops within 30 s' : '',
    row.stop === 'now' ? 'the session ends at once' : '',
    row.attempts === 'count' ? 'the attempt counts' : '',
    row.attempts === 'reset' ? 'attempts count anew' : '',
    row.countsRevision === true ? 'the revision counts' : '',
    row.needsHuman === true ? 'label `needs-human`' : '',
    row.records === undefined ? '' : `the ${row.records} is recorded`,
    row.closesIssue === true ? 'the issue is closed' : '',
  ]
  return effects.filter((effect) => effect !== '').join('; ')
}

function sessionPart(): string[] {
  return [
    '## Session',
    '',
    ...diagram(sessionTransitions, 'dispatched', 'claimed'),
    '',
    `Statuses: ${list(sessionStatuses)}. Failure reasons: ${list(failureReasons)}. A task has at most one session that`,
    'is `dispatched` or `running`. A session that has ended refuses every event.',
    '',
    ...table(
      ['from', 'event', 'to', 'effects', 'then moved on by', 'why'],
      sessionTransitions.map(sessionLine),
    ),
    '',
    `Events: ${list(sessionEvents)}.`,
    '',
  ]
}

function sessionLine(row: SessionRow): string[] {
  const to = row.to === 'same' ? 'the same' : `\`${row.to}\``
  const reason = row.failureReason === undefined ? '' : ` (\`${row.failureReason}\`)`
  const effect = row.renewsLease === true ? 'the lease is renewed' : ''
  return [list(row.from), `\`${row.event}\``, `${to}${reason}`, effect, row.movedBy, row.why]
}

type Row = { readonly from: readonly string[]; readonly event: string; readonly to: string }

/** One arrow per pair of statuses, with all its events on it. */
function diagram(rows: readonly Row[], first: string, creation: string): string[] {
  const arrows = new Map<string, Set<string>>()
  for (const row of rows) {
    for (const from of row.from) {
      if (row.to === 'same' || row.to === from) continue
      const arrow = `${from} --> ${row.to}`
      arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(row.event))
    }
  }
  const lines = [...arrows].map(([arrow, events]) => `  ${arrow}: ${[...events].join(', ')}`)
  return ['```mermaid', 'stateDiagram-v2', `  [*] --> ${first}: ${creation}`, ...lines, '```']
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

function list(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ')
}
