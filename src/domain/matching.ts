/** Which task an agent should take, and which agent a task should get. Pure: the same facts give the same order. */

import { type Priority, priorityRank } from './labels.ts'

export type MatchAgent = {
  readonly id: string
  readonly name: string
  readonly capabilities: readonly string[]
  readonly provider: string
  readonly freeSlots: number
  /** Tokens the agent may spend in one session; null for no limit. */
  readonly tokenBudget: number | null
  /** Projects that approved the agent's connection. */
  readonly projects: ReadonlySet<string>
}

export type MatchTask = {
  readonly id: string
  readonly project: string
  readonly priority: Priority
  /** A person asked for dispatch; otherwise idle agents may take it. */
  readonly requested: boolean
  readonly neededCapabilities: readonly string[]
  readonly requestedAgent: string | null
  /** The agent of the task's last session, preferred for revisions. */
  readonly preferredAgent: string | null
  /** Agent providers that the project has models for; null for any. */
  readonly providers: readonly string[] | null
  /** The tokens the task is expected to need; null when nobody said. */
  readonly estimatedTokens: number | null
  /** Epoch milliseconds since when the task is ready. */
  readonly readySince: number
}

export type MatchSituation = {
  /** Epoch milliseconds. */
  readonly now: number
  /** Live sessions by project; a project that is missing has none. */
  readonly liveSessions: ReadonlyMap<string, number>
}

const matchRequirements = ['connection', 'agent', 'capabilities', 'provider', 'slots', 'budget'] as const
type MatchRequirement = (typeof matchRequirements)[number]

export type Match = {
  readonly task: MatchTask
  readonly agent: MatchAgent
  readonly eligible: boolean
  readonly score: number
  /** The requirements that are not met; empty when eligible. */
  readonly unmet: readonly MatchRequirement[]
  /** Why it is not eligible, or what its score is made of; one sentence each. */
  readonly reasons: readonly string[]
}

/**
 * The parts of a score. All parts below `priority` add up to less than one step of it, so a lower priority never
 * overtakes a higher one; among equals, waiting and fairness between projects decide.
 */
export const weights = {
  priority: 1000,
  age: 400,
  fairness: 300,
  preferred: 150,
  requested: 100,
  reputation: 40,
} as const

/** How long a task waits until age counts in full. Milliseconds. */
const fullAge = 24 * 60 * 60 * 1000
/** The same for everybody until merged work earns reputation. In [0, 1]. */
const reputation = 0.5

/** Scores one agent for one task. */
export function match(task: MatchTask, agent: MatchAgent, situation: MatchSituation): Match {
  const failures = requirements(task, agent).filter((requirement) => !requirement.met)
  const parts = scoreParts(task, agent, situation)
  const score = parts.reduce((sum, part) => sum + part.points, 0)
  const eligible = failures.length === 0
  return {
    task,
    agent,
    eligible,
    score,
    unmet: failures.map((failure) => failure.name),
    reasons: eligible
      ? parts
          .filter((part) => part.points > 0)
          .map((part) => `${part.text}: ${Math.round(part.points)} points.`)
      : failures.map((failure) => failure.reason),
  }
}

/** The tasks for one agent: the eligible first, best first; ties by age, then id. */
export function rankTasks(
  agent: MatchAgent,
  tasks: readonly MatchTask[],
  situation: MatchSituation,
): Match[] {
  return tasks.map((task) => match(task, agent, situation)).sort(order)
}

/** The agents for one task: the eligible first, best first; ties by free slots, then id. */
export function rankAgents(
  task: MatchTask,
  agents: readonly MatchAgent[],
  situation: MatchSituation,
): Match[] {
  return agents.map((agent) => match(task, agent, situation)).sort(order)
}

function order(a: Match, b: Match): number {
  return (
    Number(b.eligible) - Number(a.eligible) ||
    b.score - a.score ||
    a.task.readySince - b.task.readySince ||
    b.agent.freeSlots - a.agent.freeSlots ||
    compare(a.task.id, b.task.id) ||
    compare(a.agent.id, b.agent.id)
  )
}

/** Ids are compared as numbers where they are numbers, so that 9 comes before 10. */
function compare(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}

type Requirement = { readonly name: MatchRequirement; readonly met: boolean; readonly reason: string }

function requirements(task: MatchTask, agent: MatchAgent): Requirement[] {
  const missing = task.neededCapabilities.filter((capability) => !agent.capabilities.includes(capability))
  return [
    {
      name: 'connection',
      met: agent.projects.has(task.project),
      reason: `${agent.name} is not connected to this project.`,
    },
    {
      name: 'agent',
      met: task.requestedAgent === null || task.requestedAgent === agent.name,
      reason: `The task asks for the agent ${task.requestedAgent}.`,
    },
    {
      name: 'capabilities',
      met: missing.length === 0,
      reason: `${agent.name} cannot do ${missing.join(', ')}.`,
    },
    {
      name: 'provider',
      met: task.providers === null || task.providers.includes(agent.provider),
      reason: `The project does not use agents of the provider ${agent.provider}.`,
    },
    { name: 'slots', met: agent.freeSlots > 0, reason: `${agent.name} is busy.` },
    {
      name: 'budget',
      met: agent.tokenBudget === null || agent.tokenBudget >= Math.max(1, task.estimatedTokens ?? 1),
      reason: `The task is estimated at ${task.estimatedTokens} tokens; ${agent.name} may spend ${agent.tokenBudget}.`,
    },
  ]
}

function scoreParts(task: MatchTask, agent: MatchAgent, situation: MatchSituation) {
  const age = Math.min(1, Math.max(0, situation.now - task.readySince) / fullAge)
  const live = Math.max(0, situation.liveSessions.get(task.project) ?? 0)
  return [
    { text: `Priority ${task.priority}`, points: weights.priority * priorityRank(task.priority) },
    { text: 'Waiting', points: weights.age * age },
    { text: 'Share of its project', points: weights.fairness / (1 + live) },
    { text: 'Same agent as before', points: task.preferredAgent === agent.name ? weights.preferred : 0 },
    { text: 'Asked for by a person', points: task.requested ? weights.requested : 0 },
    { text: 'Reputation', points: weights.reputation * reputation },
  ]
}
