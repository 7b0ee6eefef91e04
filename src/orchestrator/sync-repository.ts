import { findProjectByRepository } from '../db/repositories/projects.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'
import { type RepositorySnapshot, touchProject } from './touch-task.ts'

/** Keeps a project's name, owner, visibility and default branch as GitHub has them. Unknown repositories stay unknown. */
export async function syncRepository(
  orchestrator: Orchestrator,
  repository: RepositorySnapshot,
): Promise<void> {
  await inTransaction(orchestrator, async (unit) => {
    const project = await findProjectByRepository(unit.trx, repository.githubId)
    if (project) await touchProject(unit, repository)
  })
}
