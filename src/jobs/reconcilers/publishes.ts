import { openPublishes } from '../../db/repositories/outbound-calls.ts'
import { findProject } from '../../db/repositories/projects.ts'
import { finishPublish } from '../../orchestrator/publish-commits.ts'
import { type JobContext, repositoryOf } from '../context.ts'
import { isAway } from '../github-failures.ts'
import { forEach } from './for-each.ts'

/** A publish that takes longer is looked after: its process may have died. */
const SLOW_MS = 5_000

/**
 * Follows up publishes that are slow or whose process died: the ref on GitHub tells whether the commits arrived.
 * That they did is believed at once; that they did not only when their process can no longer bring them. Until then
 * the sweeper leaves their sessions alone.
 */
export async function settlePublishes(context: JobContext): Promise<void> {
  const { orchestrator } = context
  const now = orchestrator.clock.now()
  const slow = orchestrator.policy.publishSeconds * 1000 - SLOW_MS
  const open = await openPublishes(orchestrator.db, new Date(now.getTime() + slow), 20)
  await forEach(context, open, async (call) => {
    const project = await findProject(orchestrator.db, call.projectId)
    if (project === undefined) throw new Error(`call ${call.id} has no project`)
    const { branch, newSha } = call.intent as { branch: string; newSha: string }
    const over = call.leaseUntil === null || call.leaseUntil <= now
    try {
      const remote = await context.github.credentials.forGit(repositoryOf(project))
      const head = await context.mirrors.mirror(project.id).remoteHead(remote, branch)
      if (head !== newSha && !over) return
      const outcome = head === newSha ? 'published' : 'failed'
      await finishPublish(orchestrator, call.id, { outcome, newSha, message: 'The server was interrupted.' })
    } catch (error) {
      if (!isAway(error)) throw error
      if (!over) return
      await finishPublish(orchestrator, call.id, { outcome: 'failed', message: String(error) })
    }
  })
}
