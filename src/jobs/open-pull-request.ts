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
import type { PullRequest } from '../github/pull-requests.ts'
import { changeTask } from '../orchestrator/change-task.ts'
import {
  recordMissingBranch,
  recordPullRequest,
  recordPullRequestFailure,
} from '../orchestrator/record-pull-request.ts'
import { renderPullRequestBody, renderPullRequestTitle } from '../presenter/pull-request.ts'
import { crashPoint } from '../runtime/crash-points.ts'
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
  if (!task || !project || !session || task.frozen || session.status !== 'completed') return
  if (task.status === 'processing' && task.headSha === null) {
    return recordMissingBranch(context.orchestrator, taskId)
  }
  if (!awaitsPullRequest(task)) return
  const known =
    task.pullRequestNumber === null
      ? null
      : { number: task.pullRequestNumber, url: task.pullRequestUrl ?? '' }
  const pullRequest = known ?? (await respectingLimits(() => findOrCreate(context, task, project, session)))
  if (pullRequest !== null) await recordPullRequest(context.orchestrator, taskId, pullRequest)
}

/** True while the session's commits, or its held branch that was approved, wait, and nothing came between. */
function awaitsPullRequest(task: Task): boolean {
  const finished =
    task.status === 'processing' || (task.status === 'review' && task.pullRequestNumber === null)
  return finished && task.headSha !== null
}

/** An earlier try made it without our learning so, and a person has closed or merged it since: no second one. */
async function recordEnded(context: JobContext, task: Task, found: PullRequest): Promise<void> {
  await changeTask(context.orchestrator, {
    taskId: task.id,
    event: found.merged ? 'pull_request_merged' : 'pull_request_closed',
    actor: 'github',
    ...(found.merged ? { factsAnyway: { pullRequestNumber: found.number, pullRequestUrl: found.url } } : {}),
  })
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
    if (found && earlier.state === 'pending' && found.head.sha === task.headSha) {
      await recordEnded(context, task, found)
      await finishOutboundCall(db, earlier.id, 'done', { number: found.number, open: false })
      return null
    }
  }
  await respectContentBudget(context.orchestrator, project.installationId)
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
  crashPoint('committed', 'pull request: intent')
  try {
    const made = await create(context, project, await wanted(context, task, session))
    await finishOutboundCall(db, intent.id, 'done', { number: made.number })
    crashPoint('committed', 'pull request: outcome')
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

/** The branch that the work started from may have got another name since: then the default branch takes its place. */
async function create(
  context: JobContext,
  project: Project,
  wanted: Parameters<JobContext['github']['pullRequests']['create']>[1],
): Promise<{ number: number; url: string }> {
  const repository = repositoryOf(project)
  try {
    return await context.github.pullRequests.create(repository, wanted)
  } catch (error) {
    const renamed = wanted.base !== project.defaultBranch
    if (!renamed || !isGitHubError(error, 'validation') || !/\bbase\b/.test(error.errors.join())) throw error
    return context.github.pullRequests.create(repository, { ...wanted, base: project.defaultBranch })
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
