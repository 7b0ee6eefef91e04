import { countUntakenSessions, type Session } from '../db/repositories/sessions.ts'
import type { Task } from '../db/repositories/tasks.ts'
import { backoff } from '../domain/retry.ts'
import { applyTaskEvent } from './apply-task-event.ts'
import type { Unit } from './orchestrator.ts'

const LONGEST_WAIT_MS = 60_000

/**
 * Nobody took the assignment: not an attempt. The task goes to another agent at once; when that does not take it
 * either, after a growing pause, or a full agent and the dispatcher would play ping-pong. The session has ended.
 */
export async function returnTask(unit: Unit, task: Task, session: Session, because: string): Promise<void> {
  if (task.status !== 'processing') return
  const untaken = await countUntakenSessions(unit.trx, task.id)
  const pause = untaken < 2 ? 0 : Math.min(backoff(untaken - 1, unit.random()), LONGEST_WAIT_MS)
  const delayMs = pause * unit.policy.backoffFactor
  const applied = await applyTaskEvent(unit, task, {
    event: 'declined',
    actor: 'mission-control',
    sessionId: session.id,
    because,
    changes: { notBefore: new Date(unit.now.getTime() + delayMs) },
  })
  if (!applied.ok) throw new Error(`declined was refused: ${applied.reason}`)
  await unit.enqueue('dispatch', { taskId: task.id }, Math.ceil(delayMs / 1000))
}
