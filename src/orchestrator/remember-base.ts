import { findProject, updateProject } from '../db/repositories/projects.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'

/** Remembers the head of a project's default branch, so that an up-to-date mirror is not fetched again. */
export async function rememberBase(
  orchestrator: Orchestrator,
  projectId: number,
  sha: string,
): Promise<void> {
  const project = await findProject(orchestrator.db, projectId)
  if (project === undefined || project.baseSha === sha) return
  await inTransaction(orchestrator, (unit) => updateProject(unit.trx, projectId, { baseSha: sha }))
}
