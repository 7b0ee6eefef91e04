import { lockWithTask, lostLease } from './authorize-session.ts'
import { endSession } from './end-session.ts'
import { inTransaction, type Orchestrator, type Refusal, refuse } from './orchestrator.ts'
import { reportProgress } from './report-progress.ts'
import { returnTask } from './return-task.ts'

/** The agent took the work. Saying so twice is a sign of life. */
export async function acceptSession(
  orchestrator: Orchestrator,
  sessionId: number,
): Promise<{ ok: true } | Refusal> {
  const result = await reportProgress(orchestrator, sessionId, {})
  return result.ok ? { ok: true } : result
}

/** The agent does not take the work: the task goes to somebody else, and the attempt is not counted. */
export async function declineSession(
  orchestrator: Orchestrator,
  sessionId: number,
  reason: string,
): Promise<{ ok: true } | Refusal> {
  return inTransaction(orchestrator, 'decline-session', async (unit) => {
    const locked = await lockWithTask(unit, sessionId)
    if (locked === undefined) return refuse('not_found', 'There is no such session.')
    const { session, task } = locked
    const lost = lostLease(session, unit.now)
    if (lost) return lost
    if (session.status !== 'dispatched')
      return refuse('already_running', 'The agent has taken the work already.')
    await endSession(unit, session, 'declined', { failureDetail: reason })
    await returnTask(unit, task, session, `The agent declined: ${reason}`)
    return { ok: true }
  })
}
