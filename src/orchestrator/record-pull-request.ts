import { finishPullRequestCalls, hasOpenPublish } from '../db/repositories/outbound-calls.ts'
import { latestSessionOfTask } from '../db/repositories/sessions.ts'
import { lockTask, type Task, updateTask } from '../db/repositories/tasks.ts'
import { announce, applyTaskEvent } from './apply-task-event.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'

/** The pull request of a task exists: we opened it, or found one that was opened on its branch. */
export async function recordPullRequest(
  orchestrator: Orchestrator,
  taskId: number,
  pullRequest: { number: number; url: string },
): Promise<Task | undefined> {
  return inTransaction(orchestrator, 'record-pull-request', async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    if (task === undefined) return undefined
    await finishPullRequestCalls(unit.trx, taskId, pullRequest.number)
    const changes = { pullRequestNumber: pullRequest.number, pullRequestUrl: pullRequest.url }
    const session = await latestSessionOfTask(unit.trx, taskId)
    const finished = session?.endedAt != null && session.status === 'completed'
    if (task.status === 'processing' && finished) {
      const applied = await applyTaskEvent(unit, task, {
        event: 'pull_request_ready',
        actor: 'mission-control',
        sessionId: session.id,
        changes,
        detail: { ...pullRequest },
      })
      if (!applied.ok) throw new Error(`pull_request_ready was refused: ${applied.reason}`)
      return applied.task
    }
    if (task.pullRequestNumber === pullRequest.number) return task
    const changed = await updateTask(unit.trx, taskId, changes)
    await announce(unit, changed)
    return changed
  })
}

/** The branch of finished work was deleted before its pull request was opened: a person has to look. */
export async function recordMissingBranch(orchestrator: Orchestrator, taskId: number): Promise<void> {
  const unknown = await inTransaction(orchestrator, 'record-missing-branch', async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    const session = task && (await latestSessionOfTask(unit.trx, taskId))
    // while a push is under way, its outcome decides
    return !session || task.headSha !== null || (await hasOpenPublish(unit.trx, { taskId }))
  })
  if (!unknown) await recordPullRequestFailure(orchestrator, taskId, 'its branch has no commits any more.')
}

/** Its session has finished, or its held commits were approved. */
function awaitsPullRequest(task: Task): boolean {
  return task.status === 'processing' || (task.status === 'review' && task.pullRequestNumber === null)
}

/** No pull request can be opened: a person has to look. */
export async function recordPullRequestFailure(
  orchestrator: Orchestrator,
  taskId: number,
  why: string,
): Promise<void> {
  await inTransaction(orchestrator, 'record-pull-request-failure', async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    if (task === undefined || !awaitsPullRequest(task)) return
    const applied = await applyTaskEvent(unit, task, {
      event: 'push_refused',
      actor: 'mission-control',
      because: `The pull request could not be opened: ${why}`,
    })
    if (!applied.ok) throw new Error(`push_refused was refused: ${applied.reason}`)
  })
}
