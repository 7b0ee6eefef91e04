import { findProject } from '../db/repositories/projects.ts'
import { lockTask, updateTask } from '../db/repositories/tasks.ts'
import { announce } from './apply-task-event.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'
import { type IssueSnapshot, issueFacts } from './touch-task.ts'

/** The labels of an issue changed: priority, estimate, requested agent, tags and lane follow. */
export async function recordLabels(
  orchestrator: Orchestrator,
  taskId: number,
  issue: IssueSnapshot,
): Promise<void> {
  await inTransaction(orchestrator, async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    const project = task && (await findProject(unit.trx, task.projectId))
    if (!task || !project) return
    const { issueOpen: _, ...facts } = await issueFacts(unit, project, issue)
    const changed = await updateTask(unit.trx, taskId, facts)
    await announce(unit, changed)
    if (changed.requested) await unit.enqueue('dispatch', { taskId })
  })
}
