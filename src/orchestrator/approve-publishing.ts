import { audit } from '../db/repositories/audit-log.ts'
import { findHeldBranch } from '../db/repositories/held-branches.ts'
import { lockTask } from '../db/repositories/tasks.ts'
import { applyTaskEvent } from './apply-task-event.ts'
import { inTransaction, type Orchestrator, type Refusal, refuse } from './orchestrator.ts'
import type { Person } from './touch-task.ts'

/** A person lets held commits be published; a job publishes them and opens the pull request. */
export async function approvePublishing(
  orchestrator: Orchestrator,
  taskId: number,
  by: Person,
): Promise<{ ok: true } | Refusal> {
  return inTransaction(orchestrator, 'approve-publishing', async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    if (task === undefined) return refuse('not_found', 'There is no such task.')
    const held = await findHeldBranch(unit.trx, taskId)
    if (held === undefined) return refuse('nothing_held', 'No branch of this task waits for approval.')
    const applied = await applyTaskEvent(unit, task, {
      event: 'publishing_approved',
      actor: by.login,
      detail: { sha: held.headSha },
    })
    if (!applied.ok) return applied
    await audit(unit.trx, {
      actor: `user:${by.id}`,
      action: 'publishing_approved',
      projectId: task.projectId,
      taskId,
      detail: { sha: held.headSha, login: by.login },
    })
    await unit.enqueue('publish-held', { taskId })
    return { ok: true }
  })
}
