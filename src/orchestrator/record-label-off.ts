import { lockTask, type Task, updateTask } from '../db/repositories/tasks.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'

/**
 * We took the trigger label off the issue. When anything happened to the task meanwhile, the label may be there
 * again: then it stays known, and the next projection takes it off once more. Answers the task as it was seen, but
 * for the label.
 */
export async function recordLabelOff(orchestrator: Orchestrator, seen: Task): Promise<Task> {
  return inTransaction(orchestrator, 'record-label-off', async (unit) => {
    const task = await lockTask(unit.trx, seen.id)
    if (task?.revision !== seen.revision) return seen
    return updateTask(unit.trx, seen.id, { triggerLabelled: false })
  })
}
