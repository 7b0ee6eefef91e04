import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Agent } from '../../src/db/repositories/agents.ts'
import type { Project } from '../../src/db/repositories/projects.ts'
import type { Session } from '../../src/db/repositories/sessions.ts'
import type { Task } from '../../src/db/repositories/tasks.ts'
import { isLive } from '../../src/domain/session.ts'
import { type TaskEvent, transition } from '../../src/domain/task.ts'
import { acceptSession, declineSession } from '../../src/orchestrator/acknowledge-session.ts'
import { stateOf } from '../../src/orchestrator/apply-task-event.ts'
import { changeTask } from '../../src/orchestrator/change-task.ts'
import { claimTask } from '../../src/orchestrator/claim-task.ts'
import { completeSession } from '../../src/orchestrator/complete-session.ts'
import { freezeTask } from '../../src/orchestrator/freeze.ts'
import { beginPublish, finishPublish } from '../../src/orchestrator/publish-commits.ts'
import { recordBranch } from '../../src/orchestrator/record-branch.ts'
import { recordEdit } from '../../src/orchestrator/record-edit.ts'
import { recordPullRequest } from '../../src/orchestrator/record-pull-request.ts'
import { reportProgress } from '../../src/orchestrator/report-progress.ts'
import { requestTask } from '../../src/orchestrator/request-task.ts'
import { sweepSessions } from '../../src/orchestrator/sweep-sessions.ts'
import type { CompletionReport } from '../../src/protocol/report.ts'
import { type Core, createCore, issueOf, MAYA, report, repositoryOf } from './core.ts'
import { expectInvariants } from './invariants.ts'

/** One step: which of the tasks and agents, what, and a number that varies it. */
interface Step {
  task: number
  agent: number
  what: What
  vary: number
}
type What = (typeof WHATS)[number]

// biome-ignore format: a table
const WHATS = [
  'request', 'request', 'request', 'request', 'gather', 'gather', 'gather', 'gather', 'claim', 'claim', 'claim', 'claim',
  'claim', 'accept', 'accept', 'decline', 'progress', 'progress', 'complete', 'complete', 'complete', 'push', 'push', 'push',
  'uncertain push', 'settle', 'pause', 'pause', 'resume', 'resume', 'cancel', 'close', 'reopen', 'reopen', 'merge',
  'pull request', 'edit', 'wait', 'wait', 'sweep', 'sweep', 'freeze', 'freeze', 'branch', 'credit due',
] as const
const OUTCOMES: CompletionReport['outcome'][] = [
  'pull_request',
  'result',
  'failed',
  'needs_clarification',
  'out_of_credit',
  'stopped',
]
const steps = fc.array(
  fc.record({
    task: fc.nat({ max: 1 }),
    agent: fc.nat({ max: 1 }),
    what: fc.constantFrom(...WHATS),
    vary: fc.nat({ max: 1000 }),
  }),
  { minLength: 20, maxLength: 45 },
)

/** More of them find more: each takes about 0.2 s. */
const STORIES = Number(process.env.TEST_STORIES ?? 25)

let core: Core
let commits = 0

beforeAll(async () => {
  core = await createCore()
})
afterAll(() => core.drop())

test('the rules of tasks and sessions hold after every step of any story', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (story) => {
      const run = await begin()
      for (const step of story) await play(run, step)
    }),
    { numRuns: STORIES, endOnFailure: true },
  )
})

interface Run {
  project: Project
  agents: Agent[]
  numbers: number[]
  taskIds: (number | undefined)[]
  /** Publish intents that nobody has settled. */
  open: { intentId: number; sha: string }[]
}

async function begin(): Promise<Run> {
  const project = await core.project({ limits: { concurrent_sessions: 2, max_attempts: 2 } })
  const agents = [await core.agent(project), await core.agent(project, { ownerMayWrite: false })]
  const taskIds = [(await core.claimable(project, issueOf(1))).id]
  return { project, agents, numbers: [1, 2], taskIds, open: [] }
}

async function play(run: Run, step: Step): Promise<void> {
  const id = run.taskIds[step.task]
  const before = id === undefined ? undefined : await core.task(id)
  const sessionsBefore = id === undefined ? [] : await core.sessions(id)
  const live = sessionsBefore.find((session) => isLive(session.status))
  const predicted = await act(run, step, before, live)
  const afterId = run.taskIds[step.task]
  if (afterId === undefined) return
  const after = await core.task(afterId)
  const sessions = await core.sessions(afterId)
  const label = `${step.what} (${step.vary}) in ${before?.status}${before?.requested ? ' requested' : ''}`
  if (before !== undefined) compare(label, before, after)
  if (predicted !== undefined) expect(`${label}: ${after.status}`).toBe(`${label}: ${predicted}`)
  for (const [index, session] of sessions.entries()) {
    expect(session.fence, label).toBe(index + 1)
    if (sessionsBefore[index]?.endedAt) expect(session.status, label).toBe(sessionsBefore[index]?.status)
  }
  const ended = sessions.findLast((session) => session.endedAt !== null)
  if (ended && step.vary % 5 === 0) await expectFenced(ended)
  await expectInvariants(core.database)
}

/** What people see of a task: when it changes, so does the revision; it never goes back. */
function compare(label: string, before: Task, after: Task): void {
  const seen = ({ revision: _, ...task }: Task): string => JSON.stringify(task)
  if (seen(before) !== seen(after)) expect(after.revision, label).toBeGreaterThan(before.revision)
  expect(after.revision, label).toBeGreaterThanOrEqual(before.revision)
  expect(after.fence, label).toBeGreaterThanOrEqual(before.fence)
  expect(after.tokensUsed, label).toBeGreaterThanOrEqual(before.tokensUsed)
}

/** A session that has ended can do nothing any more. */
async function expectFenced(session: Session): Promise<void> {
  const refused = { ok: false, code: 'session_ended' }
  expect(await reportProgress(core.orchestrator, session.id, { message: 'still here' })).toMatchObject(
    refused,
  )
  expect(
    await completeSession(core.orchestrator, session.id, report('failed', { summary: 'late' })),
  ).toMatchObject(refused)
  const push = { branch: session.branch, oldSha: null, newSha: 'f'.repeat(40), commits: 1 }
  expect(await beginPublish(core.orchestrator, session.id, push)).toMatchObject(refused)
  expect(await declineSession(core.orchestrator, session.id, 'late')).toMatchObject(refused)
}

/** Does the step; answers the status that must follow, where one rule decides it. */
async function act(
  run: Run,
  step: Step,
  task: Task | undefined,
  live: Session | undefined,
): Promise<Task['status'] | undefined> {
  const { orchestrator } = core
  const agent = run.agents[step.agent]
  const number = run.numbers[step.task] ?? 1
  if (task === undefined) {
    if (step.what === 'request')
      run.taskIds[step.task] = (await core.request(run.project, issueOf(number))).id
    return
  }
  const taskId = task.id
  const event = async (name: TaskEvent, facts = {}): Promise<Task['status']> => {
    const answer = transition({ ...stateOf(task), ...facts }, name)
    const result = await changeTask(orchestrator, { taskId, event: name, actor: 'maya', factsAnyway: facts })
    expect(result.ok, `${name} in ${task.status}`).toBe(answer.ok)
    if (!result.ok && !answer.ok) expect(result.code).toBe(answer.code)
    return answer.ok ? answer.status : task.status
  }
  switch (step.what) {
    case 'request': {
      const now = issueOf(number, { open: task.issueOpen })
      const seen = step.vary % 7 === 0 ? { ...now, body: 'What they saw.' } : now
      const answer = transition({ ...stateOf(task), approvalLost: false }, 'requested')
      const asked = await requestTask(orchestrator, {
        repository: repositoryOf(run.project),
        seen,
        now,
        by: MAYA,
        via: 'label',
      })
      expect(asked.ok).toBe(seen === now && answer.ok)
      return asked.ok && answer.ok ? answer.status : task.status
    }
    case 'gather':
      await core.gather(taskId)
      return task.status
    case 'claim': {
      if (agent === undefined) return
      const claimed = await claimTask(orchestrator, {
        taskIds: [taskId],
        agentId: agent.id,
        channel: 'websocket',
      })
      if (claimed.ok) {
        expect(task).toMatchObject({ status: 'ready', frozen: false, issueOpen: true })
        expect(live).toBeUndefined()
      }
      return claimed.ok ? 'processing' : task.status
    }
    case 'accept':
      if (live) await acceptSession(orchestrator, live.id)
      return task.status
    case 'decline':
      if (live) await declineSession(orchestrator, live.id, 'no room')
      return
    case 'progress': {
      if (!live) return
      const tokens = { input: step.vary, output: 1, cacheRead: 0, cacheWrite: 0 }
      await reportProgress(orchestrator, live.id, { message: 'going on', tokens, costUsd: step.vary / 100 })
      const now = await core.session(live.id)
      expect(now.tokensInput).toBeGreaterThanOrEqual(live.tokensInput)
      expect(now.costMicroUsd).toBeGreaterThanOrEqual(live.costMicroUsd)
      return task.status
    }
    case 'complete':
      return complete(run, step, task, live)
    case 'push':
    case 'uncertain push':
      await push(run, step, live)
      return
    case 'settle': {
      const intent = run.open.shift()
      if (intent) {
        const outcome = step.vary % 2 === 0 ? 'published' : 'failed'
        await finishPublish(orchestrator, intent.intentId, { outcome, newSha: intent.sha })
        const settled = await core.task(taskId)
        await finishPublish(orchestrator, intent.intentId, { outcome: 'published', newSha: 'e'.repeat(40) })
        expect(await core.task(taskId)).toEqual(settled)
      }
      return
    }
    case 'pause':
      return event('paused')
    case 'resume':
      return event('resumed')
    case 'cancel':
      return event('cancelled')
    case 'close':
      return event(step.vary % 2 === 0 ? 'closed_completed' : 'closed_not_planned', { issueOpen: false })
    case 'reopen':
      return event('reopened', { issueOpen: true })
    case 'merge':
      return event('pull_request_merged')
    case 'pull request':
      await recordPullRequest(orchestrator, taskId, { number: 100 + number, url: 'https://github.test/pull' })
      return
    case 'edit': {
      const trusted = step.vary % 2 === 0
      const issue = issueOf(number, { body: `Version ${step.vary}.`, open: task.issueOpen })
      await recordEdit(orchestrator, {
        repository: repositoryOf(run.project),
        issue,
        by: MAYA,
        trusted,
        asked: true,
      })
      return trusted || task.status !== 'ready' ? task.status : 'backlog'
    }
    case 'wait':
      core.clock.advance(step.vary / 4)
      return task.status
    case 'sweep':
      await Promise.all([sweepSessions(orchestrator), sweepSessions(orchestrator)])
      return
    case 'freeze':
      await freezeTask(orchestrator, taskId, task.frozen ? null : 'The repository was deleted.')
      expect((await core.task(taskId)).frozen).toBe(!task.frozen)
      return
    case 'branch':
      await recordBranch(orchestrator, taskId, step.vary % 3 === 0 ? null : sha())
      return task.status
    case 'credit due':
      return event('credit_due')
    default:
      return step.what satisfies never
  }
}

async function complete(
  run: Run,
  step: Step,
  task: Task,
  live: Session | undefined,
): Promise<Task['status'] | undefined> {
  if (!live) return
  const outcome = OUTCOMES[step.vary % OUTCOMES.length] ?? 'failed'
  const { clock, orchestrator } = core
  const sent = report(outcome, { summary: `Story ${step.vary}` })
  const first = await completeSession(orchestrator, live.id, sent)
  if (live.leaseUntil <= clock.now()) {
    expect(first).toMatchObject({ ok: false, code: 'lease_lost' })
    return task.status
  }
  const spent = await core.task(task.id)
  expect(await completeSession(orchestrator, live.id, sent)).toEqual(first)
  expect(await core.task(task.id)).toEqual(spent)
  if (live.stopRequested !== null) {
    const status = live.stopRequested === 'pause' ? 'paused' : 'cancelled'
    expect(first).toMatchObject({ ok: true, answer: { sessionStatus: status } })
    return task.status
  }
  const last = task.attempts + 1 >= run.project.config.limits.max_attempts
  const again = last ? 'paused' : task.approvalLost ? 'backlog' : 'ready'
  switch (outcome) {
    case 'pull_request': {
      if (live.headSha === null && task.headSha === null) {
        const waits = run.open.length > 0
        return waits ? undefined : again
      }
      if (live.holdPublishing) return undefined
      return task.pullRequestNumber === null ? 'processing' : 'review'
    }
    case 'result':
      return 'review'
    case 'failed':
      return again
    case 'needs_clarification':
    case 'out_of_credit':
      return 'paused'
    case 'stopped':
      return task.approvalLost ? 'backlog' : 'ready'
    default:
      return undefined
  }
}

async function push(run: Run, step: Step, live: Session | undefined): Promise<void> {
  if (!live) return
  const newSha = sha()
  const begun = await beginPublish(core.orchestrator, live.id, {
    branch: live.branch,
    oldSha: null,
    newSha,
    commits: 1,
  })
  expect(begun.ok).toBe(live.leaseUntil > core.clock.now())
  if (!begun.ok) return
  const renewed = await core.session(live.id)
  const { publishSeconds, leaseSeconds } = core.orchestrator.policy
  const least = core.clock.now().getTime() + (publishSeconds + leaseSeconds) * 1000
  expect(renewed.leaseUntil.getTime()).toBeGreaterThanOrEqual(least)
  if (step.what === 'uncertain push' && !begun.hold) {
    await finishPublish(core.orchestrator, begun.intentId, { outcome: 'uncertain' })
    run.open.push({ intentId: begun.intentId, sha: newSha })
    return
  }
  const outcome = begun.hold ? 'held' : 'published'
  await finishPublish(core.orchestrator, begun.intentId, {
    outcome,
    newSha,
    ...(begun.hold ? { bundle: Buffer.from('bundle') } : {}),
  })
  expect(await core.session(live.id)).toMatchObject({ headSha: newSha })
}

function sha(): string {
  commits += 1
  return commits.toString(16).padStart(40, '0')
}
