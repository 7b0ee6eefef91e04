import { type NewContextSource, replaceSources } from '../db/repositories/context-sources.ts'
import { updateProject } from '../db/repositories/projects.ts'
import { laneOf, lockTask, updateTask } from '../db/repositories/tasks.ts'
import { neededCapabilities } from '../domain/labels.ts'
import { sha256 } from '../runtime/keys.ts'
import { configChanges } from './load-config.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'

/** What was read for a task, for one approval. */
export interface GatheredSources {
  taskId: number
  approvedSha256: string
  sources: NewContextSource[]
  /** The repository's config file as the default branch has it; null when it is unchanged. */
  configText: string | null
}

/**
 * Keeps what was gathered and makes the task claimable, unless its approval changed meanwhile: then the
 * newer request has its own job. True when the sources are fresh now.
 */
export async function storeSources(orchestrator: Orchestrator, gathered: GatheredSources): Promise<boolean> {
  return inTransaction(orchestrator, async (unit) => {
    const task = await lockTask(unit.trx, gathered.taskId)
    if (task === undefined || task.approvedSha256 !== gathered.approvedSha256) return false
    if (gathered.configText !== null) {
      const changes = configChanges(gathered.configText, sha256(gathered.configText))
      const { config } = await updateProject(unit.trx, task.projectId, changes)
      const needed = neededCapabilities(task.tags, config.routing)
      await updateTask(unit.trx, task.id, { laneId: await laneOf(unit.trx, task.projectId, needed) })
    }
    if (task.status !== 'ready') return false
    await replaceSources(unit.trx, task.id, gathered.approvedSha256, gathered.sources)
    await updateTask(unit.trx, task.id, { sourcesSha256: gathered.approvedSha256 })
    return true
  })
}
