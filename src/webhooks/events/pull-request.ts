import { z } from 'zod'
import { findTaskByBranch, type Task } from '../../db/repositories/tasks.ts'
import { changeTask } from '../../orchestrator/change-task.ts'
import { recordPullRequest } from '../../orchestrator/record-pull-request.ts'
import { isOwn, projectOf, repositoryRef, type WebhookContext } from '../context.ts'
import { RepositoryEvent, readPayload, repositorySnapshot } from '../payload.ts'
import type { EventHandlers } from './event.ts'

export const PullRequestEvent = RepositoryEvent.extend({
  pull_request: z.object({
    number: z.int(),
    html_url: z.string(),
    merged: z.boolean().nullish(),
    head: z.object({ ref: z.string(), repo: z.object({ id: z.int() }).nullish() }),
  }),
})
type PullRequestEvent = z.infer<typeof PullRequestEvent>

/** Pull requests of agents' branches: opened by somebody, merged, closed, reopened. Others are none of our business. */
export const pullRequest: EventHandlers = {
  events: {
    'pull_request.opened': opened,
    'pull_request.closed': closed,
    'pull_request.reopened': reopened,
  },
}

async function taskOfBranch(context: WebhookContext, event: PullRequestEvent): Promise<Task | undefined> {
  const { head } = event.pull_request
  if (head.repo?.id !== event.repository.id) return undefined
  const project = await projectOf(context, event)
  return project && findTaskByBranch(context.orchestrator.db, project.id, head.ref)
}

async function opened(context: WebhookContext, payload: unknown): Promise<void> {
  const event = readPayload(PullRequestEvent, payload)
  const task = await taskOfBranch(context, event)
  if (!task) return
  const { number, html_url: url } = event.pull_request
  // ours are known when they are made; somebody else's may be closed again when this comes late
  if (!(await isOwn(context, event))) {
    const now = await context.github.pullRequests.get(repositoryRef(repositorySnapshot(event)), number)
    if (!now.open) return
  }
  await recordPullRequest(context.orchestrator, task.id, { number, url })
}

async function closed(context: WebhookContext, payload: unknown): Promise<void> {
  const event = readPayload(PullRequestEvent, payload)
  const task = await taskOfBranch(context, event)
  if (!task) return
  const { number, html_url: url, merged } = event.pull_request
  const facts = { pullRequestNumber: number, pullRequestUrl: url }
  if (merged) {
    await changeTask(context.orchestrator, {
      taskId: task.id,
      event: 'pull_request_merged',
      actor: event.sender.login,
      factsAnyway: facts,
    })
    return
  }
  // closed and reopened may arrive in the wrong order: what it is now decides
  const now = await context.github.pullRequests.get(repositoryRef(repositorySnapshot(event)), number)
  if (now.open || now.merged || task.pullRequestNumber !== number) return
  await changeTask(context.orchestrator, {
    taskId: task.id,
    event: 'pull_request_closed',
    actor: event.sender.login,
    // later work gets a pull request of its own; `reopened` names this one again
    changes: { pullRequestNumber: null, pullRequestUrl: null },
  })
}

async function reopened(context: WebhookContext, payload: unknown): Promise<void> {
  const event = readPayload(PullRequestEvent, payload)
  const task = await taskOfBranch(context, event)
  if (!task) return
  const { number } = event.pull_request
  const now = await context.github.pullRequests.get(repositoryRef(repositorySnapshot(event)), number)
  if (!now.open) return
  await changeTask(context.orchestrator, {
    taskId: task.id,
    event: 'pull_request_reopened',
    actor: event.sender.login,
    changes: { pullRequestNumber: number, pullRequestUrl: event.pull_request.html_url },
  })
}
