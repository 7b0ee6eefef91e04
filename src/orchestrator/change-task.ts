import { lockTask, type Task, type TaskChanges, updateTask } from '../db/repositories/tasks.ts'
import type { TaskEvent } from '../domain/task.ts'
import { announce, applyTaskEvent } from './apply-task-event.ts'
import { inTransaction, type Orchestrator, type Refusal, refuse } from './orchestrator.ts'

/** An event that a person or GitHub brings to one task, and what follows from it. */
export interface TaskChange {
  taskId: number
  event: TaskEvent
  actor: string
  changes?: TaskChanges
  because?: string
}

/**
 * Applies an event to a task. When the task becomes ready and requested, its sources are gathered again.
 * A refused event leaves the task as it is, but for the `changes` that are facts of GitHub.
 */
export async function changeTask(
  orchestrator: Orchestrator,
  change: TaskChange & { factsAnyway?: TaskChanges },
): Promise<{ ok: true; task: Task } | Refusal> {
  return inTransaction(orchestrator, 'change-task', async (unit) => {
    const task = await lockTask(unit.trx, change.taskId)
    if (task === undefined) return refuse('not_found', 'There is no such task.')
    const applied = await applyTaskEvent(unit, task, {
      event: change.event,
      actor: change.actor,
      ...(change.because === undefined ? {} : { because: change.because }),
      changes: { ...change.factsAnyway, ...change.changes },
    })
    if (!applied.ok) {
      if (change.factsAnyway) await announce(unit, await updateTask(unit.trx, task.id, change.factsAnyway))
      return applied
    }
    // what was said since they were gathered counts, too
    if (applied.task.requested && !task.requested && applied.task.sourcesSha256 !== null) {
      await updateTask(unit.trx, task.id, { sourcesSha256: null })
      await unit.enqueue('gather-sources', { taskId: task.id })
    }
    return { ok: true, task: applied.task }
  })
}
