import { findAgent } from '../db/repositories/agents.ts'
import {
  findOutboundCall,
  finishOutboundCall,
  insertOutboundCall,
} from '../db/repositories/outbound-calls.ts'
import { findProject, type Project } from '../db/repositories/projects.ts'
import { latestSessionOfTask, type Session } from '../db/repositories/sessions.ts'
import { findTask, type Task } from '../db/repositories/tasks.ts'
import { isGitHubError } from '../github/error.ts'
import { recordPullRequest, recordPullRequestFailure } from '../orchestrator/record-pull-request.ts'
import { renderPullRequestBody, renderPullRequestTitle } from '../presenter/pull-request.ts'
import { respectContentBudget } from './content-budget.ts'
import { type JobContext, repositoryOf } from './context.ts'
import { respectingLimits } from './github-failures.ts'

/**
 * Opens the pull request of a finished session, or adopts the one that exists for its branch. The intent is
 * written first; whenever an earlier try may have reached GitHub, we look before we create.
 */
export async function openPullRequest(context: JobContext, taskId: number): Promise<void> {
  const { db } = context.orchestrator
  const task = await findTask(db, taskId)
  const project = task && (await findProject(db, task.projectId))
  const session = task && (await latestSessionOfTask(db, taskId))
  if (!task || !project || !session || !awaitsPullRequest(task, session)) return
  const known =
    task.pullRequestNumber === null
      ? null
      : { number: task.pullRequestNumber, url: task.pullRequestUrl ?? '' }
  const pullRequest = known ?? (await respectingLimits(() => findOrCreate(context, task, project, session)))
  if (pullRequest !== null) await recordPullRequest(context.orchestrator, taskId, pullRequest)
}

/** True while the session is completed with commits, or its held branch was approved, and nothing came between. */
function awaitsPullRequest(task: Task, session: Session): boolean {
  const finished =
    task.status === 'processing' || (task.status === 'review' && task.pullRequestNumber === null)
  return finished && session.status === 'completed' && task.headSha !== null && !task.frozen
}

async function findOrCreate(
  context: JobContext,
  task: Task,
  project: Project,
  session: Session,
): Promise<{ number: number; url: string } | null> {
  const { db } = context.orchestrator
  const repository = repositoryOf(project)
  const key = `task:${task.id}:session:${session.id}`
  const earlier = await findOutboundCall(db, { kind: 'pull_request', key })
  if (earlier) {
    const found = await context.github.pullRequests.findByBranch(repository, session.branch)
    if (found?.open) {
      await finishOutboundCall(db, earlier.id, 'done', { number: found.number, adopted: true })
      return found
    }
  }
  await respectContentBudget(db, project.installationId)
  const intent =
    earlier ??
    (await insertOutboundCall(db, {
      installationId: project.installationId,
      projectId: project.id,
      taskId: task.id,
      sessionId: session.id,
      kind: 'pull_request',
      key,
      createsContent: true,
      intent: { branch: session.branch },
    }))
  if (intent === undefined) return null
  try {
    const made = await context.github.pullRequests.create(repository, await wanted(context, task, session))
    await finishOutboundCall(db, intent.id, 'done', { number: made.number })
    return made
  } catch (error) {
    if (!isGitHubError(error, 'validation')) throw error
    const found = await context.github.pullRequests.findByBranch(repository, session.branch)
    const adopted = found?.open === true
    await finishOutboundCall(db, intent.id, adopted ? 'done' : 'failed', {
      ...(adopted ? { number: found.number, adopted } : { errors: error.errors }),
    })
    if (adopted) return found
    await recordPullRequestFailure(context.orchestrator, task.id, error.errors.join('; ') || error.message)
    return null
  }
}

async function wanted(
  context: JobContext,
  task: Task,
  session: Session,
): Promise<{ branch: string; base: string; title: string; body: string }> {
  const agent = await findAgent(context.orchestrator.db, session.agentId)
  const view = {
    task,
    session,
    agent: agent?.name ?? 'an agent',
    model: session.model,
    title: session.title,
    summary: session.output,
    spent: { tokens: task.tokensUsed, costMicroUsd: task.costMicroUsd },
    contextSha256: session.contextSha256,
  }
  return {
    branch: session.branch,
    base: session.baseBranch,
    title: renderPullRequestTitle(view),
    body: renderPullRequestBody(view),
  }
}
