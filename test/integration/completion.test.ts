import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Agent } from '../../src/db/repositories/agents.ts'
import { findAgent } from '../../src/db/repositories/agents.ts'
import type { Project } from '../../src/db/repositories/projects.ts'
import type { Session } from '../../src/db/repositories/sessions.ts'
import { type Task, updateTask } from '../../src/db/repositories/tasks.ts'
import { approvePublishing } from '../../src/orchestrator/approve-publishing.ts'
import { changeTask } from '../../src/orchestrator/change-task.ts'
import { completeSession } from '../../src/orchestrator/complete-session.ts'
import { beginPublish, finishPublish, recordPushRefusal } from '../../src/orchestrator/publish-commits.ts'
import { recordComment } from '../../src/orchestrator/record-comment.ts'
import { recordPullRequest } from '../../src/orchestrator/record-pull-request.ts'
import { reportProgress } from '../../src/orchestrator/report-progress.ts'
import { storeSources } from '../../src/orchestrator/store-sources.ts'
import type { CompletionReport } from '../../src/protocol/report.ts'
import { type Core, createCore, MAYA, report, sourcesOf } from './core.ts'
import { expectInvariants } from './invariants.ts'

const SHA = 'c'.repeat(40)
let core: Core
let project: Project
let direct: Agent
let held: Agent

beforeAll(async () => {
  core = await createCore()
  project = await core.project({ limits: { concurrent_sessions: 500, max_attempts: 2 } })
  direct = await core.agent(project, { maxConcurrent: 200 })
  held = await core.agent(project, { maxConcurrent: 200, ownerMayWrite: false })
})
afterAll(() => core.drop())

interface Situation {
  commits?: boolean
  held?: boolean
  refused?: boolean
  stop?: 'paused' | 'cancelled'
  pullRequest?: boolean
  lastAttempt?: boolean
}

async function situation(facts: Situation): Promise<{ task: Task; session: Session }> {
  const { task, session } = await core.atWork(project, facts.held ? held : direct)
  if (facts.commits) {
    const push = { branch: session.branch, oldSha: null, newSha: SHA, commits: 1 }
    const begun = await beginPublish(core.orchestrator, session.id, push)
    if (!begun.ok) throw new Error(begun.reason)
    await finishPublish(core.orchestrator, begun.intentId, {
      outcome: begun.hold ? 'held' : 'published',
      newSha: SHA,
      ...(begun.hold ? { bundle: Buffer.from('bundle') } : {}),
    })
  }
  if (facts.refused) {
    const refusal = { code: 'secret', sentence: 'The push holds a secret.', needsHuman: true }
    await recordPushRefusal(core.orchestrator, session.id, refusal)
  }
  if (facts.pullRequest) {
    await recordPullRequest(core.orchestrator, task.id, { number: task.number, url: 'https://github.test/1' })
  }
  if (facts.lastAttempt) {
    await core.database.db.transaction().execute((trx) => updateTask(trx, task.id, { attempts: 1 }))
  }
  if (facts.stop) {
    await changeTask(core.orchestrator, { taskId: task.id, event: facts.stop, actor: 'maya' })
  }
  return { task, session }
}

type Expected = [
  outcome: CompletionReport['outcome'],
  facts: Situation,
  session: Partial<Session>,
  task: Partial<Task>,
  job?: 'open-pull-request',
]

// biome-ignore format: a table
const table: Expected[] = [
  ['pull_request', { commits: true }, { status: 'completed' }, { status: 'processing' }, 'open-pull-request'],
  ['pull_request', { commits: true, pullRequest: true }, { status: 'completed' }, { status: 'review' }],
  ['pull_request', { commits: true, held: true }, { status: 'completed' }, { status: 'review', needsHuman: true }],
  ['pull_request', { commits: true, held: true, pullRequest: true }, { status: 'completed' }, { status: 'review', needsHuman: true }],
  ['pull_request', {}, { status: 'failed', failure: 'empty' }, { status: 'ready', requested: true, attempts: 1, nextMode: 'new' }],
  ['pull_request', { lastAttempt: true }, { status: 'failed', failure: 'empty' }, { status: 'paused', pauseReason: 'failed', needsHuman: true, attempts: 2 }],
  ['pull_request', { held: true }, { status: 'failed', failure: 'empty' }, { status: 'ready', attempts: 1 }],
  ['pull_request', { refused: true }, { status: 'failed', failure: 'refused' }, { status: 'paused', pauseReason: 'needs_human', needsHuman: true, statusBecause: 'The push holds a secret.' }],
  ['pull_request', { refused: true, commits: true, held: true }, { status: 'failed', failure: 'refused' }, { status: 'paused', needsHuman: true }],
  ['result', {}, { status: 'completed' }, { status: 'review', result: 'Did what was asked.' }],
  ['result', { commits: true }, { status: 'completed' }, { status: 'review' }],
  ['result', { refused: true }, { status: 'completed' }, { status: 'review' }],
  ['failed', {}, { status: 'failed', failure: 'error' }, { status: 'ready', requested: true, attempts: 1, nextMode: 'new' }],
  ['failed', { commits: true }, { status: 'failed', failure: 'error' }, { status: 'ready', attempts: 1, nextMode: 'resume' }],
  ['failed', { lastAttempt: true }, { status: 'failed' }, { status: 'paused', pauseReason: 'failed', needsHuman: true }],
  ['failed', { refused: true }, { status: 'failed', failure: 'refused' }, { status: 'paused', pauseReason: 'needs_human' }],
  ['needs_clarification', {}, { status: 'paused', question: 'Which one?' }, { status: 'paused', pauseReason: 'clarification', needsHuman: true }],
  ['needs_clarification', { commits: true }, { status: 'paused' }, { status: 'paused', nextMode: 'resume' }],
  ['out_of_credit', {}, { status: 'paused' }, { status: 'paused', pauseReason: 'credits', needsHuman: false }],
  ['out_of_credit', { commits: true }, { status: 'paused' }, { status: 'paused', pauseReason: 'credits', nextMode: 'resume' }],
  ['stopped', {}, { status: 'cancelled' }, { status: 'ready', requested: true, attempts: 0 }],
  ['stopped', { commits: true }, { status: 'cancelled' }, { status: 'ready', requested: true, attempts: 0, nextMode: 'resume' }],
]

const outcomes = [
  'pull_request',
  'result',
  'failed',
  'needs_clarification',
  'out_of_credit',
  'stopped',
] as const
// a stop decides, whatever the report says
const stopped: Expected[] = outcomes.flatMap((outcome): Expected[] => [
  [outcome, { stop: 'paused' }, { status: 'paused' }, { status: 'paused', pauseReason: 'person' }],
  [outcome, { stop: 'cancelled', commits: true }, { status: 'cancelled' }, { status: 'cancelled' }],
  [
    outcome,
    { stop: 'paused', refused: true, lastAttempt: true },
    { status: 'paused' },
    { status: 'paused', attempts: 1 },
  ],
  [
    outcome,
    { stop: 'cancelled', commits: true, held: true },
    { status: 'cancelled' },
    { status: 'cancelled' },
  ],
])

describe('a report is answered the same twice and settles', () => {
  for (const [outcome, facts, session, task, job] of [...table, ...stopped]) {
    test(`${outcome} when ${Object.keys(facts).length === 0 ? 'nothing else happened' : JSON.stringify(facts)}`, async () => {
      const made = await situation(facts)
      core.newJobs()
      const sent = report(outcome)
      const first = await completeSession(core.orchestrator, made.session.id, sent)
      const [endedSession, endedTask] = [await core.session(made.session.id), await core.task(made.task.id)]
      expect(first).toEqual({ ok: true, answer: { sessionStatus: session.status, taskStatus: task.status } })
      expect(endedSession).toMatchObject({ ...session, outcome, leaseUntil: core.clock.now() })
      expect(endedTask).toMatchObject({ ...task, tokensUsed: 127, costMicroUsd: 500_000 })
      expect(core.newJobs().includes('open-pull-request')).toBe(job !== undefined)

      expect(await completeSession(core.orchestrator, made.session.id, sent)).toEqual(first)
      expect(await core.task(made.task.id)).toEqual(endedTask)
      expect(core.newJobs()).toEqual([])
      const other = report(outcome, { summary: 'Something else.' })
      expect(await completeSession(core.orchestrator, made.session.id, other)).toMatchObject({
        ok: false,
        code: 'session_ended',
      })
    })
  }
})

describe('what a session used', () => {
  test('never goes backwards and is added once to its task and its agent', async () => {
    const { task, session } = await core.atWork(project, direct)
    const before = await findAgent(core.database.db, direct.id)
    const tokens = (input: number) => ({ input, output: 10, cacheRead: 0, cacheWrite: 0 })
    await reportProgress(core.orchestrator, session.id, { tokens: tokens(500), costUsd: 2, percent: 80 })
    await reportProgress(core.orchestrator, session.id, { tokens: tokens(300), costUsd: 1, percent: 20 })
    expect(await core.session(session.id)).toMatchObject({
      tokensInput: 500,
      costMicroUsd: 2_000_000,
      percent: 80,
    })
    const usage = { tokens: tokens(400), costUsd: 1.5 }
    await Promise.all([
      completeSession(core.orchestrator, session.id, report('failed', { usage })),
      completeSession(core.orchestrator, session.id, report('failed', { usage })),
    ])
    expect(await core.task(task.id)).toMatchObject({ tokensUsed: 510, costMicroUsd: 2_000_000 })
    const after = await findAgent(core.database.db, direct.id)
    expect(Number(after?.tokensUsed) - Number(before?.tokensUsed)).toBe(510)
    await expectInvariants(core.database)
  })

  test('is summed over all attempts, also those that nobody reported the end of', async () => {
    const { task, session } = await core.atWork(project, direct)
    const tokens = { input: 70, output: 0, cacheRead: 0, cacheWrite: 0 }
    await reportProgress(core.orchestrator, session.id, { tokens })
    await changeTask(core.orchestrator, { taskId: task.id, event: 'pull_request_merged', actor: 'maya' })
    await completeSession(core.orchestrator, session.id, report('stopped', { usage: { tokens } }))
    expect(await core.task(task.id)).toMatchObject({ status: 'done', tokensUsed: 70 })
    await expectInvariants(core.database)
  })
})

describe('what is parked goes on', () => {
  test('when a question is answered by somebody who counts, and not by others', async () => {
    const { task, session } = await core.atWork(project, direct)
    await completeSession(core.orchestrator, session.id, report('needs_clarification'))
    const by = { id: 99, login: 'oscar' }
    await recordComment(core.orchestrator, task.id, { by, trusted: false, comments: 1, at: new Date() })
    expect(await core.task(task.id)).toMatchObject({ status: 'paused' })
    core.newJobs()
    await recordComment(core.orchestrator, task.id, { by: MAYA, trusted: false, comments: 2, at: new Date() })
    expect(await core.task(task.id)).toMatchObject({ status: 'ready', requested: true, sourcesSha256: null })
    expect(core.newJobs().filter((kind) => kind === 'gather-sources')).toHaveLength(1)
  })

  test('at the time that the credit comes back, between a minute and a week', async () => {
    const now = core.clock.now().getTime()
    for (const [resetsAt, wait] of [
      [new Date(now + 3_600_000), 3_600_000],
      [new Date(now - 5_000), 60_000],
      [new Date(now + 30 * 86_400_000), 7 * 86_400_000],
      [null, 4 * 3_600_000],
    ] as const) {
      const { task, session } = await core.atWork(project, direct)
      const sent = report('out_of_credit', { resetsAt: resetsAt?.toISOString() ?? null })
      await completeSession(core.orchestrator, session.id, sent)
      expect((await core.task(task.id)).wakeAt?.getTime()).toBe(now + wait)
    }
  })

  test('when held commits are approved, and nothing can be approved twice', async () => {
    const { task, session } = await situation({ commits: true, held: true })
    expect(await approvePublishing(core.orchestrator, task.id, MAYA)).toMatchObject({ code: 'not_in_review' })
    await completeSession(core.orchestrator, session.id, report('pull_request'))
    core.newJobs()
    expect(await approvePublishing(core.orchestrator, task.id, MAYA)).toEqual({ ok: true })
    expect(core.newJobs()).toContain('publish-held')
    expect(await core.task(task.id)).toMatchObject({ status: 'review', needsHuman: false })
    const plain = await situation({ commits: true })
    expect(await approvePublishing(core.orchestrator, plain.task.id, MAYA)).toMatchObject({
      code: 'nothing_held',
    })
  })

  test('a comment that came while an agent was at work is read before the next attempt', async () => {
    const { task, session } = await core.atWork(project, direct)
    await recordComment(core.orchestrator, task.id, { by: MAYA, trusted: true, comments: 3, at: new Date() })
    core.newJobs()
    await completeSession(core.orchestrator, session.id, report('failed'))
    expect(await core.task(task.id)).toMatchObject({ status: 'ready', sourcesSha256: null, commentCount: 3 })
    expect(core.newJobs()).toContain('gather-sources')
  })
})

test('sources that went stale while they were read are not stored', async () => {
  const task = await core.request(project)
  const { sourcesAsked } = task
  await recordComment(core.orchestrator, task.id, { by: MAYA, trusted: true, comments: 1, at: new Date() })
  const gathered = {
    taskId: task.id,
    approvedSha256: task.approvedSha256 ?? '',
    sources: sourcesOf(),
    configText: null,
  }
  expect(await storeSources(core.orchestrator, { ...gathered, sourcesAsked })).toBe(false)
  expect(await core.task(task.id)).toMatchObject({ sourcesSha256: null })
  const now = (await core.task(task.id)).sourcesAsked
  expect(await storeSources(core.orchestrator, { ...gathered, sourcesAsked: now })).toBe(true)
})
