import { hasOpenPublish } from '../db/repositories/outbound-calls.ts'
import { dueSessions, type Session } from '../db/repositories/sessions.ts'
import type { Task } from '../db/repositories/tasks.ts'
import { isLive } from '../domain/session.ts'
import { lockWithTask } from './authorize-session.ts'
import { endSession } from './end-session.ts'
import { failAttempt } from './fail-attempt.ts'
import { inTransaction, type Orchestrator, type Unit } from './orchestrator.ts'
import { returnTask } from './return-task.ts'

const BATCH = 100

/**
 * Ends live sessions whose time is over: a stop that was not obeyed, an assignment that nobody acknowledged,
 * a lost lease, the wall clock. Each in its own transaction, under its lock, read again: running this on
 * several replicas, or twice, ends each session once. Answers how many it ended; throws at the end when some
 * could not be ended.
 */
export async function sweepSessions(orchestrator: Orchestrator): Promise<number> {
  const due = await dueSessions(orchestrator.db, orchestrator.clock.now(), BATCH)
  const failures: unknown[] = []
  let ended = 0
  for (const { id } of due) {
    try {
      if (await sweepOne(orchestrator, id)) ended += 1
    } catch (error) {
      // one session that cannot be ended must not keep the others alive
      failures.push(error)
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} sessions could not be ended`)
  return ended
}

function sweepOne(orchestrator: Orchestrator, sessionId: number): Promise<boolean> {
  return inTransaction(orchestrator, 'sweep-one', async (unit) => {
    const locked = await lockWithTask(unit, sessionId)
    if (locked === undefined || !isLive(locked.session.status)) return false
    // read again under the lock: a push may have begun to be published since
    if (await hasOpenPublish(unit.trx, { sessionId })) return false
    return sweep(unit, locked.task, locked.session)
  })
}

async function sweep(unit: Unit, task: Task, session: Session): Promise<boolean> {
  const over = (time: Date | null): boolean => time !== null && time <= unit.now
  if (session.stopRequested !== null && (over(session.stopBy) || over(session.leaseUntil))) {
    await endSession(unit, session, session.stopRequested === 'pause' ? 'paused' : 'cancelled')
    return true
  }
  if (over(session.acknowledgeBy)) {
    await endSession(unit, session, 'not_acknowledged')
    await returnTask(unit, task, session, 'The agent did not acknowledge the assignment in time.')
    return true
  }
  if (over(session.deadline)) {
    const because = `The session took longer than its ${Math.round(session.wallClockSeconds / 60)} minutes.`
    const ended = await endSession(unit, session, 'timed_out', { failureDetail: because })
    await failAttempt(unit, task, ended, 'attempt_failed', because)
    return true
  }
  if (over(session.leaseUntil)) {
    const because = 'The agent gave no sign of life until its lease ended.'
    const ended = await endSession(unit, session, 'lease_lost', { failureDetail: because })
    await failAttempt(unit, task, ended, 'attempt_failed', because)
    return true
  }
  return false
}
