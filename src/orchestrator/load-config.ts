import { type Project, updateProject } from '../db/repositories/projects.ts'
import {
  parseRepositoryConfig,
  REPOSITORY_CONFIG_PATH,
  type RepositoryConfigText,
} from '../protocol/repository-config-file.ts'
import { sha256 } from '../runtime/keys.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'
import { type RepositorySnapshot, touchProject } from './touch-task.ts'

/**
 * Takes the text of a repository's config file into force. An invalid file never breaks a running project: the
 * last valid one stays, and the mistake is kept with its place.
 */
export async function loadConfig(
  orchestrator: Orchestrator,
  repository: RepositorySnapshot,
  text: RepositoryConfigText,
): Promise<Project> {
  const sha = configShaOf(text)
  return inTransaction(orchestrator, 'load-config', async (unit) => {
    const project = await touchProject(unit, repository)
    if (project.configSha === sha) return project
    return updateProject(unit.trx, project.id, configChanges(text, sha))
  })
}

/** By this a config file is known again, also one that cannot be read. */
export function configShaOf(text: RepositoryConfigText): string {
  return sha256(typeof text === 'string' ? text : `unreadable: ${text.unreadable}`)
}

/** What a config file changes in its project. */
export function configChanges(
  text: RepositoryConfigText,
  sha: string,
): { configSha: string; configError: string | null; config?: string } {
  const parsed = parseRepositoryConfig(text)
  if (parsed.ok) return { configSha: sha, configError: null, config: JSON.stringify(parsed.config) }
  const error = `${REPOSITORY_CONFIG_PATH}:${parsed.line}:${parsed.column} ${parsed.message}`
  return { configSha: sha, configError: error }
}
