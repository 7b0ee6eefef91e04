import { deleteHeldBranch, findHeldBranch } from '../db/repositories/held-branches.ts'
import { findProject } from '../db/repositories/projects.ts'
import { findTask } from '../db/repositories/tasks.ts'
import { type JobContext, repositoryOf } from './context.ts'
import { openPullRequest } from './open-pull-request.ts'

/** Publishes a branch that a person approved, from the bundle in the database, and opens its pull request. */
export async function publishHeld(context: JobContext, taskId: number): Promise<void> {
  const { db } = context.orchestrator
  const task = await findTask(db, taskId)
  const held = await findHeldBranch(db, taskId)
  const project = task && (await findProject(db, task.projectId))
  if (!task || !project || task.frozen) return
  if (held) {
    const mirror = context.mirrors.mirror(project.id)
    const credentials = await context.github.credentials.forGit(repositoryOf(project))
    await mirror.fetch(credentials)
    await mirror.held.restore(held.branch, held.headSha, async () => held.bundle)
    const expected = await mirror.remoteHead(credentials, held.branch)
    if (expected !== held.headSha) {
      const published = await mirror.publish({
        remote: credentials,
        branch: held.branch,
        expectedOld: expected,
        newSha: held.headSha,
        gitDir: mirror.held.path(held.branch),
      })
      if (!published.ok) throw new Error(`the held branch could not be published: ${published.message}`)
    }
    await deleteHeldBranch(db, taskId)
    await mirror.held.drop(held.branch)
  }
  await openPullRequest(context, taskId)
}
