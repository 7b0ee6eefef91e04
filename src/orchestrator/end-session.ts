import { addAgentUse, refreshAgentStatus } from '../db/repositories/agents.ts'
import { appendEvent } from '../db/repositories/session-events.ts'
import { type Session, type SessionChanges, updateSession } from '../db/repositories/sessions.ts'
import { addTaskUse } from '../db/repositories/tasks.ts'
import { type SessionEvent, transitionSession } from '../domain/session.ts'
import { CHANNELS, type Unit } from './orchestrator.ts'

/**
 * Ends a live session by an event of the session table: its lease, its agent's slot and its token are over
 * with this transaction. Throws when the event does not end a live session: the caller has checked that.
 */
export async function endSession(
  unit: Unit,
  session: Session,
  event: SessionEvent,
  changes: SessionChanges & { failureDetail?: string | null } = {},
): Promise<Session> {
  const move = transitionSession({ status: session.status }, event)
  if (!move.ok || !move.ended)
    throw new Error(`${event} does not end session ${session.id} (${session.status})`)
  const ended = await updateSession(unit.trx, session.id, {
    ...changes,
    status: move.status,
    failure: move.failureReason,
    endedAt: unit.now,
    leaseUntil: unit.now,
    acknowledgeBy: null,
  })
  // failed, lost and cancelled attempts cost as much as good ones
  const tokens = tokensOf(ended)
  await addTaskUse(unit.trx, session.taskId, { tokens, costMicroUsd: ended.costMicroUsd })
  await addAgentUse(unit.trx, session.agentId, {
    tokens,
    tasksCompleted: move.status === 'completed' ? 1 : 0,
  })
  await refreshAgentStatus(unit.trx, session.agentId)
  await appendEvent(unit.trx, {
    taskId: session.taskId,
    sessionId: session.id,
    kind: `session_${event}`,
    detail: { status: move.status, because: changes.failureDetail ?? move.why },
  })
  await unit.enqueue('dispatch', { agentId: session.agentId })
  unit.notifyAfter(CHANNELS.stop, session.agentId)
  return ended
}

/** All tokens of a session, cached ones included. */
function tokensOf(session: Session): number {
  return session.tokensInput + session.tokensOutput + session.tokensCacheRead + session.tokensCacheWrite
}
