import { replaceSources } from '../db/repositories/context-sources.ts'
import { findProject, lockProject, updateProject } from '../db/repositories/projects.ts'
import { findTask, laneOf, lockTask, updateTask } from '../db/repositories/tasks.ts'
import { neededCapabilities } from '../domain/labels.ts'
import type { RepositoryConfigText } from '../protocol/repository-config-file.ts'
import { announce } from './apply-task-event.ts'
import { configChanges, configShaOf } from './load-config.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'
import { type TaskSources, toRows } from './sources.ts'

/** What was read for a task, for one approval. */
export interface GatheredSources {
  taskId: number
  approvedSha256: string
  /** `sourcesAsked` of the task when the reading began. */
  sourcesAsked: number
  sources: TaskSources
  /** The repository's config file as the default branch has it; null when it is unchanged. */
  configText: RepositoryConfigText | null
}

/**
 * Keeps what was gathered and makes the task claimable, unless its approval changed meanwhile or something
 * relevant was said: then the newer request has its own job. A repository without commits has nothing to start
 * from: the task waits until the first push. True when the sources are fresh now.
 */
export async function storeSources(orchestrator: Orchestrator, gathered: GatheredSources): Promise<boolean> {
  return inTransaction(orchestrator, 'store-sources', async (unit) => {
    const seen = await findTask(unit.trx, gathered.taskId)
    // projects are locked before their tasks, here as by everybody else
    if (seen && gathered.configText !== null) await lockProject(unit.trx, seen.projectId)
    const task = await lockTask(unit.trx, gathered.taskId)
    if (task === undefined || task.approvedSha256 !== gathered.approvedSha256) return false
    if (gathered.configText !== null) {
      const changes = configChanges(gathered.configText, configShaOf(gathered.configText))
      const { config } = await updateProject(unit.trx, task.projectId, changes)
      const needed = neededCapabilities(task.tags, config.routing)
      await updateTask(unit.trx, task.id, { laneId: await laneOf(unit.trx, task.projectId, needed) })
    }
    // gone stale while it was read: whoever said so has a job of their own
    if (task.status !== 'ready' || task.sourcesAsked !== gathered.sourcesAsked) return false
    await replaceSources(unit.trx, task.id, gathered.approvedSha256, toRows(gathered.sources))
    if (gathered.sources.base.sha === null) {
      const stale = task.sourcesSha256 === null ? {} : { sourcesSha256: null }
      await announce(unit, await updateTask(unit.trx, task.id, stale))
      // the first push came while we looked: its event found nothing waiting yet
      const project = await findProject(unit.trx, task.projectId)
      if (project?.baseSha != null) await unit.enqueue('gather-sources', { taskId: task.id })
      return false
    }
    await updateTask(unit.trx, task.id, { sourcesSha256: gathered.approvedSha256 })
    return true
  })
}
