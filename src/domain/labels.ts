/** What the labels of an issue say about its task. */

import { isAgentName } from './branch.ts'

export const priorities = ['low', 'medium', 'high', 'urgent'] as const
export type Priority = (typeof priorities)[number]
export const defaultPriority: Priority = 'medium'

export type LabelFacts = {
  /** The highest one named; null when none is. */
  readonly priority: Priority | null
  /** Tokens; the largest one named; null when none is. */
  readonly estimatedTokens: number | null
  /** The agent asked for; null when none is, or when two are. */
  readonly agent: string | null
  /** All other labels as they are written, sorted. */
  readonly tags: readonly string[]
  /** One sentence for each label that looks like an instruction and is not one. */
  readonly problems: readonly string[]
}

const highestEstimate = 1_000_000_000

function isPriority(text: string): text is Priority {
  return (priorities as readonly string[]).includes(text)
}

/** Orders priorities: 0 for low to 3 for urgent. */
export function priorityRank(priority: Priority): number {
  return priorities.indexOf(priority)
}

/** Reads a number of tokens such as `800`, `50k` or `1.5m`. Null when it is none, or not between 1 and 1e9. */
export function parseEstimate(text: string): number | null {
  const match = /^(\d{1,10}(?:\.\d{1,3})?)\s*([km]?)$/i.exec(text.trim())
  if (match === null) return null
  const unit = { '': 1, k: 1_000, m: 1_000_000 }[(match[2] ?? '').toLowerCase()] ?? 1
  const tokens = Math.round(Number(match[1]) * unit)
  return tokens >= 1 && tokens <= highestEstimate ? tokens : null
}

/**
 * Reads `priority: high`, `estimate: 50k` and `agent: NAME`; every other label is a tag. `ignore` names labels that
 * belong to Mission Control (the trigger, `needs-human`); label names are compared without case, as GitHub does.
 */
export function readLabels(labels: readonly string[], ignore: readonly string[] = []): LabelFacts {
  const ignored = new Set(ignore.map((name) => name.toLowerCase()))
  const found = { priorities: [] as Priority[], estimates: [] as number[], agents: new Set<string>() }
  const tags = new Set<string>()
  const problems: string[] = []
  for (const label of labels) {
    if (ignored.has(label.trim().toLowerCase())) continue
    const match = /^\s*(priority|estimate|agent)\s*:\s*(.*?)\s*$/i.exec(label)
    if (match === null) {
      tags.add(label)
      continue
    }
    const problem = readInstruction((match[1] ?? '').toLowerCase(), match[2] ?? '', found)
    if (problem !== null) problems.push(`The label "${label}" ${problem}`)
  }
  if (found.agents.size > 1) problems.push('The labels ask for more than one agent, so none is preferred.')
  const [agent] = found.agents.size === 1 ? found.agents : []
  return {
    priority: found.priorities.sort((a, b) => priorityRank(b) - priorityRank(a))[0] ?? null,
    estimatedTokens: found.estimates.length === 0 ? null : Math.max(...found.estimates),
    agent: agent ?? null,
    tags: [...tags].sort(),
    problems,
  }
}

function readInstruction(
  key: string,
  value: string,
  found: { priorities: Priority[]; estimates: number[]; agents: Set<string> },
): string | null {
  const lower = value.toLowerCase()
  if (key === 'priority') {
    if (!isPriority(lower)) return `names no priority; there are ${priorities.join(', ')}.`
    found.priorities.push(lower)
    return null
  }
  if (key === 'estimate') {
    const tokens = parseEstimate(value)
    if (tokens === null) return 'gives no number of tokens; write for example `estimate: 50k`.'
    found.estimates.push(tokens)
    return null
  }
  if (!isAgentName(lower)) return 'names no agent.'
  found.agents.add(lower)
  return null
}

export type Routing = {
  readonly default: readonly string[]
  readonly labels: Readonly<Record<string, readonly string[]>>
}

/** The capabilities that a task needs: the union over its labels; the default only when no label matches. Sorted. */
export function neededCapabilities(labels: readonly string[], routing: Routing): string[] {
  const byLabel = new Map(
    Object.entries(routing.labels).map(([label, needed]) => [label.toLowerCase(), needed]),
  )
  const matched = labels
    .map((label) => byLabel.get(label.trim().toLowerCase()))
    .filter((needed) => needed !== undefined)
  return [...new Set(matched.length > 0 ? matched.flat() : routing.default)].sort()
}
