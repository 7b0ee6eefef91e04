import { findHeldBranch } from '../db/repositories/held-branches.ts'
import { hasOpenPublish } from '../db/repositories/outbound-calls.ts'
import { findProject } from '../db/repositories/projects.ts'
import { type Session, updateSession } from '../db/repositories/sessions.ts'
import type { Task } from '../db/repositories/tasks.ts'
import { isLive, type SessionEvent } from '../domain/session.ts'
import type { TaskEvent } from '../domain/task.ts'
import type { CompletionAnswer, CompletionReport } from '../protocol/report.ts'
import { sha256 } from '../runtime/keys.ts'
import { applyTaskEvent } from './apply-task-event.ts'
import { lockWithTask, lostLease } from './authorize-session.ts'
import { endSession } from './end-session.ts'
import { failAttempt } from './fail-attempt.ts'
import { inTransaction, type Orchestrator, type Refusal, refuse, type Unit } from './orchestrator.ts'
import { reported } from './report-progress.ts'

/** A credit that is out and does not say until when is tried again after this time (4 h, the cooldown). */
const CREDIT_COOLDOWN_MS = 4 * 3600 * 1000
const CREDIT_LONGEST_MS = 7 * 24 * 3600 * 1000

type Completion = { ok: true; answer: CompletionAnswer } | Refusal

/**
 * The agent says how its session ended. Idempotent: the same report again changes nothing and is answered with
 * what the session and its task are; another report for an ended session is refused. A pull request is opened afterwards, by a job.
 */
export async function completeSession(
  orchestrator: Orchestrator,
  sessionId: number,
  report: CompletionReport,
): Promise<Completion> {
  const hash = sha256(JSON.stringify(report))
  return inTransaction(orchestrator, 'complete-session', async (unit) => {
    const locked = await lockWithTask(unit, sessionId)
    if (locked === undefined) return refuse('not_found', 'There is no such session.')
    const { session, task } = locked
    if (!isLive(session.status) && session.reportSha256 === hash) return answer(session, task)
    const lost = lostLease(session, unit.now)
    if (lost) return lost
    const told = await updateSession(unit.trx, session.id, {
      ...reported(session, report.usage),
      reportSha256: hash,
      outcome: report.outcome,
      title: report.title ?? null,
      output: report.summary,
      question: report.question ?? null,
      percent: report.outcome === 'pull_request' || report.outcome === 'result' ? 100 : session.percent,
    })
    return settle(unit, task, told, report)
  })
}

function answer(session: Session, task: Task): Completion {
  if (session.status === 'dispatched' || session.status === 'running') {
    throw new Error(`session ${session.id} is still live`)
  }
  return { ok: true, answer: { sessionStatus: session.status, taskStatus: task.status } }
}

/** Decides by the state of the task first: a stopped session ends as its stop says, whatever it reports. */
async function settle(
  unit: Unit,
  task: Task,
  session: Session,
  report: CompletionReport,
): Promise<Completion> {
  if (session.stopRequested !== null) {
    const event = session.stopRequested === 'pause' ? 'paused' : 'cancelled'
    return answer(await endSession(unit, session, event), task)
  }
  switch (report.outcome) {
    case 'pull_request':
      return withCommits(unit, task, session)
    case 'result':
      return withResult(unit, task, session, report)
    case 'failed':
      return withFailure(unit, task, session, report)
    case 'needs_clarification':
      return park(unit, task, session, 'clarification_asked', {}, `Question: ${report.question ?? ''}`)
    case 'out_of_credit':
      return park(unit, task, session, 'credit_exhausted', { wakeAt: wakeTime(unit, report) })
    case 'stopped':
      return handBack(unit, task, session)
    default:
      return report.outcome satisfies never
  }
}

/** Work that has commits: opened as a pull request by a job, or held for a person's approval. */
async function withCommits(unit: Unit, task: Task, session: Session): Promise<Completion> {
  if (session.pushRefused !== null) return withRefusedPush(unit, task, session, session.pushRefused)
  if (session.headSha === null && task.headSha === null) {
    if (!(await hasOpenPublish(unit.trx, { taskId: task.id }))) return empty(unit, task, session)
    // GitHub has not said yet whether it took the commits: whoever finds out goes on from there
    return answer(await endSession(unit, session, 'completed'), task)
  }
  const held = session.holdPublishing ? await findHeldBranch(unit.trx, task.id) : undefined
  const ended = await endSession(unit, session, 'completed')
  if (held !== undefined) return move(unit, task, ended, 'publishing_held')
  if (task.pullRequestNumber !== null) return move(unit, task, ended, 'pull_request_ready')
  await unit.enqueue('open-pull-request', { taskId: task.id })
  return answer(ended, task)
}

async function withRefusedPush(unit: Unit, task: Task, session: Session, why: string): Promise<Completion> {
  const ended = await endSession(unit, session, 'push_refused', { failureDetail: why })
  return move(unit, task, ended, 'push_refused', {}, why)
}

async function empty(unit: Unit, task: Task, session: Session): Promise<Completion> {
  const because = 'The agent said that it had finished, but there are no commits.'
  const ended = await endSession(unit, session, 'came_back_empty', { failureDetail: because })
  await failAttempt(unit, task, ended, 'completed_empty', because)
  return fresh(unit, ended)
}

async function withResult(
  unit: Unit,
  task: Task,
  session: Session,
  report: CompletionReport,
): Promise<Completion> {
  const project = await findProject(unit.trx, task.projectId)
  const event = project?.config.review.results === 'done' ? 'result_accepted' : 'result_posted'
  const ended = await endSession(unit, session, 'completed')
  return move(unit, task, ended, event, { result: report.summary })
}

async function withFailure(
  unit: Unit,
  task: Task,
  session: Session,
  report: CompletionReport,
): Promise<Completion> {
  if (session.pushRefused !== null) return withRefusedPush(unit, task, session, session.pushRefused)
  const kind = report.failure ?? 'error'
  if (kind === 'empty') return empty(unit, task, session)
  const events = { error: 'failed', timeout: 'timed_out', budget: 'budget_spent' } as const
  const event: SessionEvent = events[kind]
  const detail = { failureDetail: report.summary.slice(0, 2_000) }
  const ended = await endSession(unit, session, event, detail)
  await failAttempt(unit, task, ended, 'attempt_failed', firstLine(report.summary))
  return fresh(unit, ended)
}

/** The work is parked: a question waits for its answer, or a budget is spent. */
async function park(
  unit: Unit,
  task: Task,
  session: Session,
  event: 'clarification_asked' | 'credit_exhausted',
  changes: { wakeAt?: Date },
  because?: string,
): Promise<Completion> {
  const ended = await endSession(unit, session, 'paused')
  return move(unit, task, ended, event, changes, because)
}

/** The runner was shut down: nobody is at fault, the attempt is not counted, and the next agent goes on. */
async function handBack(unit: Unit, task: Task, session: Session): Promise<Completion> {
  const ended = await endSession(unit, session, 'cancelled', { failureDetail: 'The agent was shut down.' })
  const completion = await move(unit, task, ended, 'declined', {}, 'The agent was shut down.')
  await unit.enqueue('dispatch', { taskId: task.id })
  return completion
}

async function move(
  unit: Unit,
  task: Task,
  session: Session,
  event: TaskEvent,
  changes: { wakeAt?: Date; result?: string } = {},
  because?: string,
): Promise<Completion> {
  const applied = await applyTaskEvent(unit, task, {
    event,
    actor: 'agent',
    sessionId: session.id,
    changes: { ...changes, ...resumes(task) },
    ...(because === undefined ? {} : { because }),
  })
  if (!applied.ok) throw new Error(`${event} was refused in ${task.status}: ${applied.reason}`)
  return answer(session, applied.task)
}

/** The next session goes on where this one stopped. */
function resumes(task: Task): { nextMode: 'resume' } | Record<string, never> {
  return task.headSha !== null && task.nextMode === 'new' ? { nextMode: 'resume' } : {}
}

async function fresh(unit: Unit, session: Session): Promise<Completion> {
  const locked = await lockWithTask(unit, session.id)
  if (locked === undefined) throw new Error(`session ${session.id} vanished`)
  return answer(session, locked.task)
}

function wakeTime(unit: Unit, report: CompletionReport): Date {
  const now = unit.now.getTime()
  const told = report.resetsAt ? new Date(report.resetsAt).getTime() : now + CREDIT_COOLDOWN_MS
  return new Date(Math.min(Math.max(told, now + 60_000), now + CREDIT_LONGEST_MS))
}

function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? ''
  return line === '' ? 'The agent reported a failure.' : line.slice(0, 300)
}
