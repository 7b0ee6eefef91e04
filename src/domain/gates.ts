/** Why is this task not running? The complete list of what a task can wait for, each with its answer. */

import type { PauseReason, TaskStatus } from './task.ts'

export type GateFacts = {
  readonly status: TaskStatus
  readonly requested: boolean
  readonly issueOpen: boolean
  readonly pauseReason: PauseReason | null
  readonly frozen: boolean
  readonly projectStatus: 'active' | 'paused' | 'archived'
  /** Numbers of the open issues that block this one. */
  readonly blockedBy: readonly number[]
  /** The branch that work would start from, when the repository has no such branch yet; else null. */
  readonly missingBase: string | null
  readonly sourcesFresh: boolean
  /** Epoch milliseconds before which it is not tried again; null for at once. */
  readonly notBefore: number | null
  /** Epoch milliseconds. */
  readonly now: number
  readonly serverStopped: boolean
  /** The agent of the live session, a stopping one included; null for none. */
  readonly liveAgent: string | null
  readonly liveSessions: number
  readonly concurrentSessions: number
  readonly neededCapabilities: readonly string[]
  readonly requestedAgent: string | null
  /** Agents connected to the project, of these the ones that could do the task, of these the ones that are free. */
  readonly agents: { readonly connected: number; readonly capable: number; readonly free: number }
}

export const gateNames = [
  'server_stopped',
  'project_frozen',
  'project_inactive',
  'issue_closed',
  'paused',
  'not_requested',
  'live_session',
  'blocked',
  'no_commits',
  'sources',
  'retry',
  'concurrency',
  'no_agent',
  'no_capable_agent',
  'agents_busy',
] as const
export type GateName = (typeof gateNames)[number]

export type Gate = {
  readonly name: GateName
  /** True when the task waits for this. */
  readonly holds: boolean
  /** One sentence: what it waits for when it holds, else that it is in order. */
  readonly reason: string
}

/** All gates of a task, the ones that only a person opens first. A task that no gate holds is dispatched next. */
export function gates(facts: GateFacts): Gate[] {
  return gateNames.map((name) => {
    const waitsFor = check[name](facts)
    return { name, holds: waitsFor !== null, reason: waitsFor ?? inOrder[name] }
  })
}

/** The first gate that holds, which is the one to tell a person about; null when nothing does. */
export function firstGate(facts: GateFacts): Gate | null {
  return gates(facts).find((gate) => gate.holds) ?? null
}

const pauses: Record<PauseReason, string> = {
  person: 'It was paused by a person; `/resume` lets it go on.',
  clarification: 'It waits for the answer to a question of the agent.',
  credits: 'It waits until a provider budget is free again.',
  failed: 'The permitted attempts failed; a person has to look and `/retry`.',
  needs_human: 'A person has to look before it may go on; then `/resume`.',
}

const check: Record<GateName, (facts: GateFacts) => string | null> = {
  server_stopped: (facts) =>
    facts.serverStopped ? 'The operator has stopped all dispatch on this server.' : null,
  project_frozen: (facts) =>
    facts.frozen
      ? 'The issue, the repository or the app went away; the task is frozen until they return.'
      : null,
  project_inactive: (facts) =>
    facts.projectStatus === 'active' ? null : `The project is ${facts.projectStatus}.`,
  issue_closed: (facts) => (facts.issueOpen ? null : 'The issue is closed.'),
  paused: (facts) => (facts.status === 'paused' ? pauses[facts.pauseReason ?? 'person'] : null),
  not_requested: notRequested,
  live_session: (facts) => {
    if (facts.liveAgent === null) return null
    return facts.status === 'processing'
      ? `${facts.liveAgent} is at work on it.`
      : `The session of ${facts.liveAgent} is still stopping.`
  },
  blocked: (facts) =>
    facts.blockedBy.length === 0
      ? null
      : `It is blocked by ${facts.blockedBy.map((number) => `#${number}`).join(', ')}.`,
  no_commits: (facts) =>
    facts.missingBase === null
      ? null
      : `The branch ${facts.missingBase} has no commits yet: push a first one, and it goes on by itself.`,
  sources: (facts) => (facts.sourcesFresh ? null : 'Its context is still being gathered from GitHub.'),
  retry: (facts) =>
    facts.notBefore !== null && facts.notBefore > facts.now
      ? `It is not tried again before ${new Date(facts.notBefore).toISOString()}.`
      : null,
  concurrency: (facts) =>
    facts.liveSessions >= facts.concurrentSessions
      ? `The project runs ${facts.liveSessions} of at most ${facts.concurrentSessions} sessions at a time.`
      : null,
  no_agent: (facts) => (facts.agents.connected === 0 ? 'No agent is connected to this project.' : null),
  no_capable_agent: noCapableAgent,
  agents_busy: (facts) =>
    facts.agents.capable > 0 && facts.agents.free === 0
      ? `${facts.agents.capable === 1 ? 'The only agent' : `All ${facts.agents.capable} agents`} that could do it ${facts.agents.capable === 1 ? 'is' : 'are'} busy or away.`
      : null,
}

function notRequested(facts: GateFacts): string | null {
  switch (facts.status) {
    case 'ready':
      return null
    case 'processing':
    case 'paused':
      return null
    case 'backlog':
      return 'Nobody has asked for it; `/process` or the trigger label does.'
    case 'review':
      return 'It is in review; a review with changes requested or `/revise` starts the next session.'
    case 'done':
    case 'cancelled':
      return `It is ${facts.status}.`
    default:
      return facts.status satisfies never
  }
}

function noCapableAgent(facts: GateFacts): string | null {
  if (facts.agents.connected === 0 || facts.agents.capable > 0) return null
  if (facts.requestedAgent !== null)
    return `The agent ${facts.requestedAgent} is not connected, or cannot do this.`
  return `No connected agent can do ${facts.neededCapabilities.join(', ') || 'this'}.`
}

const inOrder: Record<GateName, string> = {
  server_stopped: 'The server dispatches.',
  project_frozen: 'The repository and the app are there.',
  project_inactive: 'The project is active.',
  issue_closed: 'The issue is open.',
  paused: 'It is not paused.',
  not_requested: 'It was asked for.',
  live_session: 'No session is at work on it.',
  blocked: 'Nothing blocks it.',
  no_commits: 'The repository has commits to start from.',
  sources: 'Its context is gathered.',
  retry: 'It may be tried now.',
  concurrency: 'The project has room for a session.',
  no_agent: 'Agents are connected.',
  no_capable_agent: 'An agent can do it.',
  agents_busy: 'An agent is free.',
}
