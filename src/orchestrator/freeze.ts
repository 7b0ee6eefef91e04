import { audit } from '../db/repositories/audit-log.ts'
import {
  findProject,
  markInstallation,
  projectsOfInstallation,
  saveInstallation,
  updateProject,
} from '../db/repositories/projects.ts'
import { findTask, lockTask, openTasksOfProject } from '../db/repositories/tasks.ts'
import { applyTaskEvent } from './apply-task-event.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'

/** Freezes (with a reason) or thaws (null) one project: its tasks wait, and live sessions end at once. */
export async function freezeProject(
  orchestrator: Orchestrator,
  projectId: number,
  because: string | null,
): Promise<void> {
  const seen = await findProject(orchestrator.db, projectId)
  if (seen === undefined || seen.frozenBecause === because) return
  // the project first: from here on nothing of it can be claimed
  await inTransaction(orchestrator, async (unit) => {
    await updateProject(unit.trx, projectId, { frozenBecause: because })
    await audit(unit.trx, {
      actor: 'github',
      action: because === null ? 'project_thawed' : 'project_frozen',
      projectId,
      detail: { because },
    })
  })
  for (const { id } of await openTasksOfProject(orchestrator.db, projectId)) {
    await freezeTask(orchestrator, id, because)
  }
}

/** Freezes or thaws one task: its issue was transferred or deleted, or came back. */
export async function freezeTask(
  orchestrator: Orchestrator,
  taskId: number,
  because: string | null,
): Promise<void> {
  await inTransaction(orchestrator, async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    if (task === undefined || task.frozen === (because !== null)) return
    const applied = await applyTaskEvent(unit, task, {
      event: because === null ? 'thawed' : 'frozen',
      actor: 'github',
      ...(because === null ? {} : { because }),
    })
    if (!applied.ok) throw new Error(`freezing was refused: ${applied.reason}`)
    if (because === null && applied.task.requested) await unit.enqueue('gather-sources', { taskId })
  })
}

/** The app was installed, suspended or removed: everything in the installation follows. */
export async function changeInstallation(
  orchestrator: Orchestrator,
  installation: { id: number; accountId: number; accountLogin: string },
  state: 'active' | 'suspended' | 'removed',
): Promise<void> {
  await inTransaction(orchestrator, async (unit) => {
    await saveInstallation(unit.trx, installation)
    await markInstallation(unit.trx, installation.id, {
      suspendedAt: state === 'suspended' ? unit.now : null,
      removedAt: state === 'removed' ? unit.now : null,
    })
  })
  const reasons = {
    active: null,
    suspended: 'The app is suspended in this account.',
    removed: 'The app was uninstalled from this account.',
  }
  for (const project of await projectsOfInstallation(orchestrator.db, installation.id)) {
    await freezeProject(orchestrator, project.id, reasons[state])
  }
}

/** True when the task exists and nothing of it is frozen. */
export async function isThawed(orchestrator: Orchestrator, taskId: number): Promise<boolean> {
  const task = await findTask(orchestrator.db, taskId)
  return task !== undefined && !task.frozen
}
