import { abandonedPublishes } from '../../db/repositories/outbound-calls.ts'
import { findProject } from '../../db/repositories/projects.ts'
import { finishPublish } from '../../orchestrator/publish-commits.ts'
import { type JobContext, repositoryOf } from '../context.ts'
import { isAway } from '../github-failures.ts'
import { forEach } from './for-each.ts'

/**
 * Follows up publishes whose process died: the ref on GitHub tells whether the commits arrived. Until then the
 * sweeper leaves their sessions alone.
 */
export async function settlePublishes(context: JobContext): Promise<void> {
  const { orchestrator } = context
  const abandoned = await abandonedPublishes(orchestrator.db, orchestrator.clock.now(), 20)
  await forEach(context, abandoned, async (call) => {
    const project = await findProject(orchestrator.db, call.projectId)
    if (project === undefined) throw new Error(`call ${call.id} has no project`)
    const { branch, newSha } = call.intent as { branch: string; newSha: string }
    try {
      const remote = await context.github.credentials.forGit(repositoryOf(project))
      const head = await context.mirrors.mirror(project.id).remoteHead(remote, branch)
      const outcome = head === newSha ? 'published' : 'failed'
      await finishPublish(orchestrator, call.id, { outcome, newSha, message: 'The server was interrupted.' })
    } catch (error) {
      if (!isAway(error)) throw error
      await finishPublish(orchestrator, call.id, { outcome: 'failed', message: String(error) })
    }
  })
}
