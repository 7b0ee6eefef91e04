import { findProject, updateProject } from '../db/repositories/projects.ts'
import { tasksWithoutSources } from '../db/repositories/tasks.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'

/** Remembers the head of a project's default branch, so that an up-to-date mirror is not fetched again. */
export async function rememberBase(
  orchestrator: Orchestrator,
  projectId: number,
  sha: string,
): Promise<void> {
  const project = await findProject(orchestrator.db, projectId)
  if (project === undefined || project.baseSha === sha) return
  await inTransaction(orchestrator, 'remember-base', (unit) =>
    updateProject(unit.trx, projectId, { baseSha: sha }),
  )
}

/**
 * The default branch of a project has moved by a push. Tasks that wait for their sources are looked at again:
 * in a repository that had no commits they could not start.
 */
export async function recordBasePush(
  orchestrator: Orchestrator,
  projectId: number,
  base: { branch: string; sha: string },
): Promise<void> {
  await inTransaction(orchestrator, 'record-base-push', async (unit) => {
    const project = await findProject(unit.trx, projectId)
    if (project === undefined) return
    await updateProject(unit.trx, projectId, { baseSha: base.sha, defaultBranch: base.branch })
    if (project.baseSha !== null) return
    for (const taskId of await tasksWithoutSources(unit.trx, projectId)) {
      await unit.enqueue('gather-sources', { taskId })
    }
  })
}
