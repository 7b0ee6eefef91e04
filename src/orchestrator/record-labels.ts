import { findProject } from '../db/repositories/projects.ts'
import { lockTask, updateTask } from '../db/repositories/tasks.ts'
import { announce } from './apply-task-event.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'
import { type IssueSnapshot, isStale, issueFacts } from './touch-task.ts'

/**
 * The labels of an issue changed: priority, estimate, requested agent, tags and lane follow. False, and nothing is
 * done, when more is known than the event told: then ask GitHub and come again with the issue as it is (`asked`).
 */
export async function recordLabels(
  orchestrator: Orchestrator,
  taskId: number,
  issue: IssueSnapshot,
  asked: boolean,
): Promise<boolean> {
  return inTransaction(orchestrator, 'record-labels', async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    const project = task && (await findProject(unit.trx, task.projectId))
    if (!task || !project) return true
    if (isStale(task, issue, asked)) return false
    const { issueOpen: _, ...facts } = await issueFacts(unit, project, issue)
    const changed = await updateTask(unit.trx, taskId, facts)
    await announce(unit, changed)
    if (changed.requested) await unit.enqueue('dispatch', { taskId })
    return true
  })
}
