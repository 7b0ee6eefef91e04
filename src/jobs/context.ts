import type { Project } from '../db/repositories/projects.ts'
import type { Mirrors } from '../git/mirror.ts'
import type { GitHub } from '../github/github.ts'
import type { RepositoryRef } from '../github/repository-ref.ts'
import type { Orchestrator } from '../orchestrator/orchestrator.ts'
import type { Logger } from '../runtime/logger.ts'

/** What jobs act with; made once by the composition root. */
export interface JobContext {
  readonly orchestrator: Orchestrator
  readonly github: GitHub
  readonly mirrors: Mirrors
  readonly logger: Logger
}

/** Names a project's repository for a call to GitHub. */
export function repositoryOf(project: Project): RepositoryRef {
  return {
    installationId: project.installationId,
    owner: project.ownerLogin,
    name: project.name,
    repositoryId: project.githubId,
  }
}
