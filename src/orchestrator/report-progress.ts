import { appendEvent } from '../db/repositories/session-events.ts'
import { type Session, type SessionChanges, updateSession } from '../db/repositories/sessions.ts'
import { transitionSession } from '../domain/session.ts'
import type { ProgressAnswer, ProgressReport } from '../protocol/report.ts'
import { toMicroUsd } from '../protocol/usage.ts'
import { announce } from './apply-task-event.ts'
import { lockWithTask, lostLease } from './authorize-session.ts'
import { CHANNELS, inTransaction, type Orchestrator, type Refusal, refuse } from './orchestrator.ts'

/**
 * A sign of life: renews the lease, keeps what was spent so far, and answers with a stop request when there
 * is one. Totals never go backwards: a report that says less than an earlier one changes no total.
 */
export async function reportProgress(
  orchestrator: Orchestrator,
  sessionId: number,
  report: ProgressReport,
): Promise<{ ok: true; answer: ProgressAnswer } | Refusal> {
  return inTransaction(orchestrator, 'report-progress', async (unit) => {
    const locked = await lockWithTask(unit, sessionId)
    if (locked === undefined) return refuse('not_found', 'There is no such session.')
    const { session, task } = locked
    const lost = lostLease(session, unit.now)
    if (lost) return lost
    const move = transitionSession({ status: session.status }, 'progressed')
    if (!move.ok) return refuse(move.code, move.reason)
    const leaseUntil = new Date(unit.now.getTime() + unit.policy.leaseSeconds * 1000)
    const started = session.status === 'dispatched'
    await updateSession(unit.trx, session.id, {
      status: move.status,
      leaseUntil: leaseUntil > session.leaseUntil ? leaseUntil : session.leaseUntil,
      acknowledgeBy: null,
      ...(started ? { startedAt: unit.now } : {}),
      ...reported(session, report),
    })
    if (started || report.message) {
      await appendEvent(unit.trx, {
        taskId: task.id,
        sessionId,
        kind: started ? 'session_acknowledged' : 'session_progressed',
        detail: { message: report.message ?? null, percent: report.percent ?? null },
      })
    }
    if (report.message || report.percent !== undefined) await announce(unit, task)
    else unit.notifyAfter(CHANNELS.task, task.id)
    return { ok: true, answer: { leaseUntil: leaseUntil.toISOString(), stop: session.stopRequested } }
  })
}

/** What a report changes in its session. */
export function reported(session: Session, report: ProgressReport): SessionChanges {
  const { tokens } = report
  return {
    ...(report.message ? { message: report.message } : {}),
    ...(report.percent != null ? { percent: Math.max(session.percent ?? 0, report.percent) } : {}),
    ...(report.model ? { model: report.model } : {}),
    ...(report.costUsd != null
      ? { costMicroUsd: Math.max(session.costMicroUsd, toMicroUsd(report.costUsd)) }
      : {}),
    ...(tokens
      ? {
          tokensInput: Math.max(session.tokensInput, tokens.input),
          tokensOutput: Math.max(session.tokensOutput, tokens.output),
          tokensCacheRead: Math.max(session.tokensCacheRead, tokens.cacheRead),
          tokensCacheWrite: Math.max(session.tokensCacheWrite, tokens.cacheWrite),
        }
      : {}),
  }
}
