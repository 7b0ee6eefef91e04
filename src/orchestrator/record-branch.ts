import { appendEvent } from '../db/repositories/session-events.ts'
import { lockTask, updateTask } from '../db/repositories/tasks.ts'
import { announce } from './apply-task-event.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'

/**
 * Where a task's branch stands at GitHub after a push, by us or by a person. A deleted branch (null) is made
 * again by the next session, from the base.
 */
export async function recordBranch(
  orchestrator: Orchestrator,
  taskId: number,
  sha: string | null,
): Promise<void> {
  await inTransaction(orchestrator, 'record-branch', async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    if (task === undefined) return
    if (sha === null && (task.branchDeleted || task.mergedAt !== null)) return
    if (sha !== null && task.headSha === sha && !task.branchDeleted) return
    const changed = await updateTask(unit.trx, taskId, {
      headSha: sha,
      branchDeleted: sha === null,
      ...(sha === null && task.nextMode !== 'new' ? { nextMode: 'new' } : {}),
    })
    await appendEvent(unit.trx, {
      taskId,
      kind: sha === null ? 'branch_deleted' : 'branch_moved',
      detail: { sha },
    })
    await announce(unit, changed)
  })
}
