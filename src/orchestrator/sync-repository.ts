import { findProjectByRepository, updateProject } from '../db/repositories/projects.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'
import type { RepositorySnapshot } from './touch-task.ts'

/**
 * Keeps a project's name, owner, visibility and default branch as GitHub has them. Unknown repositories stay
 * unknown. Its installation is left alone: after a transfer the event may still name the old one.
 */
export async function syncRepository(
  orchestrator: Orchestrator,
  repository: RepositorySnapshot,
): Promise<void> {
  await inTransaction(orchestrator, 'sync-repository', async (unit) => {
    const project = await findProjectByRepository(unit.trx, repository.githubId)
    if (project === undefined) return
    await updateProject(unit.trx, project.id, {
      ownerLogin: repository.owner,
      name: repository.name,
      private: repository.private,
      defaultBranch: repository.defaultBranch,
    })
  })
}
