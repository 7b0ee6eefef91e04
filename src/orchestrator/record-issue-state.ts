import { lockTask, updateTask } from '../db/repositories/tasks.ts'
import type { TaskEvent } from '../domain/task.ts'
import { announce, applyTaskEvent } from './apply-task-event.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'
import { type IssueSnapshot, isStale } from './touch-task.ts'

/**
 * An issue was closed or reopened. False, and nothing is done, when more is known than the event told: then ask
 * GitHub and come again with the issue as it is (`asked`), because events overtake each other.
 */
export async function recordIssueState(
  orchestrator: Orchestrator,
  taskId: number,
  issue: IssueSnapshot & { stateReason: string | null },
  { actor, asked }: { actor: string; asked: boolean },
): Promise<boolean> {
  return inTransaction(orchestrator, 'record-issue-state', async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    if (task === undefined) return true
    if (isStale(task, issue, asked)) return false
    const facts = { issueOpen: issue.open, issueUpdatedAt: issue.updatedAt }
    if (issue.open !== task.issueOpen) {
      const applied = await applyTaskEvent(unit, task, { event: eventOf(issue), actor, changes: facts })
      if (applied.ok) return true
    }
    await announce(unit, await updateTask(unit.trx, task.id, facts))
    return true
  })
}

function eventOf({ open, stateReason }: { open: boolean; stateReason: string | null }): TaskEvent {
  if (open) return 'reopened'
  return stateReason === 'not_planned' || stateReason === 'duplicate'
    ? 'closed_not_planned'
    : 'closed_completed'
}
