import { renderConnectAgent } from '../../src/presenter/reply.ts'
import type { SessionReceipt, StatusEvent, StatusView } from '../../src/presenter/status-view.ts'

/** A time of the first of November 2026. */
export const at = (time: string): Date => new Date(`2026-11-01T${time}Z`)

export const event = (
  time: string,
  kind: StatusEvent['kind'],
  by: string | null,
  detail: string | null = null,
): StatusEvent => ({
  at: at(time),
  kind,
  by,
  detail,
})

export const receipt = (attempt: number, more: Partial<SessionReceipt> = {}): SessionReceipt => ({
  attempt,
  agent: 'ada',
  mode: 'new',
  model: 'sonnet',
  status: 'completed',
  failure: null,
  failureDetail: null,
  tokens: { input: 12_000, output: 3_400, cacheRead: 40_000, cacheWrite: 1_000 },
  costMicroUsd: 123_400,
  createdAt: at('10:00:00'),
  endedAt: at('10:12:05'),
  contextSha256: 'ab12cd34ef56'.padEnd(64, '0'),
  ...more,
})

const backlog: StatusView = {
  task: {
    id: 3,
    number: 12,
    status: 'backlog',
    requested: false,
    pauseReason: null,
    frozen: false,
    merged: false,
    because: null,
    wakeAt: null,
  },
  triggerLabel: 'process',
  held: false,
  contextIsOlder: false,
  agent: null,
  model: null,
  branch: null,
  pullRequest: null,
  progress: null,
  spent: { tokens: 0, costMicroUsd: 0 },
  gates: [],
  connect: null,
  question: null,
  result: null,
  configProblem: null,
  events: [],
  sessions: [],
}

type Change = Partial<Omit<StatusView, 'task'>> & { task?: Partial<StatusView['task']> }

/** The backlog view with changes. */
export const view = ({ task, ...change }: Change): StatusView => ({
  ...backlog,
  ...change,
  task: { ...backlog.task, ...task },
})

const branch = {
  name: 'agent/ada-fix-the-parser-12',
  url: 'https://github.test/octo/demo/tree/agent/ada-fix-the-parser-12',
}
const pullRequest = { number: 14, url: 'https://github.test/octo/demo/pull/14' }
const worked = { agent: 'ada', model: 'sonnet', branch, spent: { tokens: 56_400, costMicroUsd: 123_400 } }

/** One view per state that people meet. */
export const views: Record<string, StatusView> = {
  backlog: view({ task: { because: 'The text was edited by someone without the trigger right.' } }),
  'ready-for-anyone': view({ task: { status: 'ready' } }),
  waiting: view({
    task: { status: 'ready', requested: true },
    gates: [
      { name: 'issue_closed', holds: false, reason: 'The issue is open.' },
      { name: 'blocked', holds: true, reason: 'It is blocked by #4, #5.' },
      {
        name: 'no_agent',
        holds: true,
        reason: 'No agent is connected to this project.',
      },
    ],
    connect: renderConnectAgent({ owner: 'mona', name: 'project', serverUrl: 'https://mc.example' }),
    events: [event('09:59:00', 'requested', 'mona')],
    configProblem: 'line 3: limits.max_attempts must be at most 20',
  }),
  working: view({
    ...worked,
    task: { status: 'processing' },
    contextIsOlder: true,
    progress: { percent: 60, message: 'Running the tests (4 of 7)', at: at('10:05:00') },
    events: [
      event('09:59:00', 'requested', 'mona'),
      event('10:00:00', 'claimed', 'ada'),
      event('10:00:01', 'acknowledged', 'ada'),
      event('10:04:30', 'pushed', 'ada', '2 commits'),
    ],
    sessions: [
      receipt(1, { status: 'failed', failure: 'lost', endedAt: at('10:02:00') }),
      receipt(2, { status: 'running', endedAt: null, mode: 'resume' }),
    ],
  }),
  question: view({
    ...worked,
    task: { status: 'paused', pauseReason: 'clarification' },
    question: {
      agent: 'ada',
      text: 'Which parser do you mean?\n\n1. the old one\n2. the new one: `src/new.ts`',
    },
    events: [event('10:06:00', 'clarification_asked', 'ada')],
    sessions: [receipt(1, { status: 'paused' })],
  }),
  failed: view({
    ...worked,
    task: { status: 'paused', pauseReason: 'failed', because: 'The last permitted attempt failed.' },
    events: [
      event('10:02:00', 'attempt_failed', 'ada'),
      event('10:20:00', 'attempts_exhausted', 'ada', 'npm test: exit 1'),
    ],
    sessions: [
      receipt(1, { status: 'failed', failure: 'error', failureDetail: 'npm test: exit 1' }),
      receipt(2, { status: 'failed', failure: 'empty' }),
      receipt(3, { status: 'failed', failure: 'timeout', model: null, costMicroUsd: 0 }),
    ],
  }),
  credits: view({
    ...worked,
    task: { status: 'paused', pauseReason: 'credits', wakeAt: at('14:00:00') },
    sessions: [receipt(1)],
  }),
  held: view({
    ...worked,
    branch: { name: branch.name, url: null },
    task: { status: 'review' },
    held: true,
    sessions: [receipt(1)],
  }),
  review: view({ ...worked, task: { status: 'review' }, pullRequest, sessions: [receipt(1)] }),
  result: view({
    ...worked,
    branch: null,
    task: { status: 'review' },
    result: '## Findings\n\n- It is *fast*.',
    sessions: [receipt(1)],
  }),
  merged: view({
    ...worked,
    task: { status: 'done', merged: true },
    pullRequest,
    events: [event('11:00:00', 'pull_request_merged', 'mona')],
    sessions: [receipt(1)],
  }),
  cancelled: view({ task: { status: 'cancelled', because: 'A person cancelled it.' } }),
  frozen: view({ task: { status: 'ready', requested: true, frozen: true } }),
}
