import { deleteHeldBranch, findHeldBranch, type HeldBranch } from '../db/repositories/held-branches.ts'
import { findProject, type Project } from '../db/repositories/projects.ts'
import { findTask } from '../db/repositories/tasks.ts'
import { isAncestor } from '../git/mirror-reads.ts'
import { recordPullRequestFailure } from '../orchestrator/record-pull-request.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import { type JobContext, repositoryOf } from './context.ts'
import { openPullRequest } from './open-pull-request.ts'

/**
 * Publishes a branch that a person approved, from the bundle in the database, and opens its pull request. The bundle
 * goes when the pull request is there: until then it says that there is something to do. What only a person can clear
 * is told to them; everything else is tried again, by the job and after it by the reconciler.
 */
export async function publishHeld(context: JobContext, taskId: number): Promise<void> {
  const { db } = context.orchestrator
  const task = await findTask(db, taskId)
  const held = await findHeldBranch(db, taskId)
  const project = task && (await findProject(db, task.projectId))
  if (!task || !project || task.frozen) return
  if (held) {
    const hindrance = await publish(context, project, held)
    if (hindrance !== null) return recordPullRequestFailure(context.orchestrator, taskId, hindrance)
    crashPoint('after', 'held branch')
  }
  await openPullRequest(context, taskId)
  // it may be that none was to be opened: somebody has ended an earlier one
  await deleteHeldBranch(db, taskId)
  if (held) await context.mirrors.mirror(project.id).held.drop(held.branch)
}

/** Null when GitHub has the commits; else why it will not take them. Throws when it may do so later. */
async function publish(context: JobContext, project: Project, held: HeldBranch): Promise<string | null> {
  const { branch, headSha } = held
  const mirror = context.mirrors.mirror(project.id)
  const remote = await context.github.credentials.forGit(repositoryOf(project))
  await mirror.fetch(remote)
  await mirror.held.restore(branch, headSha, async () => held.bundle)
  const expectedOld = await mirror.remoteHead(remote, branch)
  if (expectedOld === headSha) return null
  const gitDir = mirror.held.path(branch)
  if (expectedOld !== null && !(await isAncestor(mirror.git, gitDir, expectedOld, headSha))) {
    return `${branch} has other commits on GitHub, which publishing would remove.`
  }
  const published = await mirror.publish({ remote, branch, expectedOld, newSha: headSha, gitDir })
  if (published.ok) return null
  if (published.reason === 'workflow' || published.reason === 'protected') {
    return `GitHub refused the commits: ${published.message}`
  }
  throw new Error(`the held branch could not be published: ${published.message}`)
}
