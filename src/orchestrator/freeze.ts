import { audit } from '../db/repositories/audit-log.ts'
import {
  findProjectByRepository,
  lockProject,
  markInstallation,
  projectsOfInstallation,
  saveInstallation,
  updateProject,
} from '../db/repositories/projects.ts'
import { lastEventOfKind } from '../db/repositories/session-events.ts'
import { lockLiveSessionOfTask } from '../db/repositories/sessions.ts'
import { lockTask, tasksToFreeze } from '../db/repositories/tasks.ts'
import { applyTaskEvent, askToStop } from './apply-task-event.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'

/** Why a project is frozen: what went away, in words for people. */
export const FROZEN = {
  suspended: 'The app is suspended in this account.',
  uninstalled: 'The app was uninstalled from this account.',
  noAccess: 'The app no longer has access to this repository.',
  archived: 'The repository is archived.',
  deleted: 'The repository was deleted.',
} as const
export type FrozenBecause = keyof typeof FROZEN

/**
 * Freezes one project: its tasks wait, and live sessions end at once. A project that is frozen already keeps its
 * first reason.
 */
export async function freezeProject(
  orchestrator: Orchestrator,
  projectId: number,
  reason: FrozenBecause,
  /** Only while this installation is the one that covers it: another one may have taken over. */
  installationId?: number,
): Promise<void> {
  // the project first: from here on nothing of it can be claimed
  const because = await inTransaction(orchestrator, 'freeze-project', async (unit) => {
    const seen = await lockProject(unit.trx, projectId)
    if (seen === undefined || seen.frozenBecause !== null) return seen?.frozenBecause ?? null
    if (installationId !== undefined && seen.installationId !== installationId) return null
    const detail = { because: FROZEN[reason] }
    await updateProject(unit.trx, projectId, { frozenBecause: detail.because })
    await audit(unit.trx, { actor: 'github', action: 'project_frozen', projectId, detail })
    return detail.because
  })
  if (because === null) return
  // also when the project was frozen before: that run may have died before it came to the tasks
  for (const id of await tasksToFreeze(orchestrator.db, projectId, true)) {
    await freezeTask(orchestrator, id, because)
  }
}

/** Thaws a project that is frozen for one of these reasons; tasks whose own issue went away stay frozen. */
export async function thawProject(
  orchestrator: Orchestrator,
  projectId: number,
  reasons: readonly FrozenBecause[],
): Promise<void> {
  const reversible = reasons.map((reason): unknown => FROZEN[reason])
  const thawed = await inTransaction(orchestrator, 'thaw-project', async (unit) => {
    const seen = await lockProject(unit.trx, projectId)
    const frozen = seen?.frozenBecause ?? null
    if (frozen === null) return true
    if (!reversible.includes(frozen)) return false
    await updateProject(unit.trx, projectId, { frozenBecause: null })
    await audit(unit.trx, {
      actor: 'github',
      action: 'project_thawed',
      projectId,
      detail: { because: frozen },
    })
    return true
  })
  if (!thawed) return
  for (const id of await tasksToFreeze(orchestrator.db, projectId, false)) {
    const frozen = await lastEventOfKind(orchestrator.db, id, 'frozen')
    if (reversible.includes(frozen?.detail.because)) await freezeTask(orchestrator, id, null)
  }
}

/** Freezes or thaws one task: its issue was transferred or deleted, or came back. */
export async function freezeTask(
  orchestrator: Orchestrator,
  taskId: number,
  because: string | null,
): Promise<void> {
  await inTransaction(orchestrator, 'freeze-task', async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    if (task === undefined || task.frozen === (because !== null)) return
    const applied = await applyTaskEvent(unit, task, {
      event: because === null ? 'thawed' : 'frozen',
      actor: 'github',
      ...(because === null ? {} : { because }),
    })
    if (!applied.ok) throw new Error(`freezing was refused: ${applied.reason}`)
    // one that was stopping already loses its grace: the right to push is gone
    const stopping = because === null ? undefined : await lockLiveSessionOfTask(unit.trx, taskId)
    if (stopping) await askToStop(unit, stopping, 'now', 'cancel')
    if (because === null && applied.task.requested) await unit.enqueue('gather-sources', { taskId })
  })
}

/** The app was installed, suspended or removed: everything in the installation follows. */
export async function changeInstallation(
  orchestrator: Orchestrator,
  installation: { id: number; accountId: number; accountLogin: string },
  state: 'active' | 'suspended' | 'removed',
): Promise<void> {
  await inTransaction(orchestrator, 'change-installation', async (unit) => {
    await saveInstallation(unit.trx, installation)
    await markInstallation(unit.trx, installation.id, {
      suspendedAt: state === 'suspended' ? unit.now : null,
      removedAt: state === 'removed' ? unit.now : null,
    })
  })
  const reason = state === 'removed' ? 'uninstalled' : 'suspended'
  for (const project of await projectsOfInstallation(orchestrator.db, installation.id)) {
    if (state === 'active') await thawProject(orchestrator, project.id, ['suspended', 'uninstalled'])
    else await freezeProject(orchestrator, project.id, reason, installation.id)
  }
}

/**
 * Repositories that the app was given access to, maybe once more: by a new installation, which has another id, or
 * under another owner. Those that are no projects are left alone.
 */
export async function regainRepositories(
  orchestrator: Orchestrator,
  installation: { id: number; accountId: number; accountLogin: string },
  repositoryIds: readonly number[],
): Promise<void> {
  for (const githubId of repositoryIds) {
    const project = await inTransaction(orchestrator, 'regain-repositories', async (unit) => {
      await saveInstallation(unit.trx, installation)
      const found = await findProjectByRepository(unit.trx, githubId)
      if (found === undefined || found.installationId === installation.id) return found
      const facts = { installationId: installation.id, ownerLogin: installation.accountLogin }
      return updateProject(unit.trx, found.id, facts)
    })
    if (project) await thawProject(orchestrator, project.id, ['suspended', 'uninstalled', 'noAccess'])
  }
}
