import { lockTask, updateTask } from '../db/repositories/tasks.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'

/** We took the trigger label off the issue. A request that came meanwhile keeps it. */
export async function recordLabelOff(orchestrator: Orchestrator, taskId: number): Promise<void> {
  await inTransaction(orchestrator, async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    if (task?.triggerLabelled && !task.requested)
      await updateTask(unit.trx, taskId, { triggerLabelled: false })
  })
}
