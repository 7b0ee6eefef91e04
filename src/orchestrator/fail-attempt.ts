import { findProject } from '../db/repositories/projects.ts'
import type { Session } from '../db/repositories/sessions.ts'
import type { Task } from '../db/repositories/tasks.ts'
import { afterFailure } from '../domain/retry.ts'
import { nextMode } from '../domain/task.ts'
import { applyTaskEvent } from './apply-task-event.ts'
import type { Unit } from './orchestrator.ts'

/** What the task did with a session that ended without success. */
export type AttemptEnd = 'attempt_failed' | 'completed_empty'

/**
 * Counts a failed attempt: the task is ready again after the backoff, or waits for a person when the last
 * permitted attempt is used. Does nothing to a task that has left `processing` by other means.
 */
export async function failAttempt(
  unit: Unit,
  task: Task,
  session: Session,
  end: AttemptEnd,
  because: string,
): Promise<void> {
  if (task.status !== 'processing') return
  const project = await findProject(unit.trx, task.projectId)
  if (project === undefined) throw new Error(`task ${task.id} has no project`)
  const decision = afterFailure({
    attempts: task.attempts,
    maxAttempts: project.config.limits.max_attempts,
    jitter: unit.random(),
  })
  const delay = decision.retry ? decision.delayMs * unit.policy.backoffFactor : 0
  const due = new Date(unit.now.getTime() + delay)
  const event = decision.retry ? end : decision.event
  const applied = await applyTaskEvent(unit, task, {
    event,
    actor: 'mission-control',
    sessionId: session.id,
    because,
    changes: {
      notBefore: due,
      nextMode: nextMode({ fromReview: task.nextMode === 'revise', publishedCommits: task.headSha !== null }),
    },
    detail: { attempt: session.attempt, ...(decision.retry ? { due: due.toISOString() } : {}) },
  })
  if (!applied.ok) throw new Error(`${event} was refused in ${task.status}: ${applied.reason}`)
  if (applied.task.status === 'ready') {
    await unit.enqueue('dispatch', { taskId: task.id }, Math.max(0, Math.ceil(delay / 1000)))
  }
}
