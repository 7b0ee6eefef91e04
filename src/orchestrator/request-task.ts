import { type Task, updateTask } from '../db/repositories/tasks.ts'
import { nextMode } from '../domain/task.ts'
import { announce, applyTaskEvent } from './apply-task-event.ts'
import { inTransaction, type Orchestrator, type Refusal, refuse } from './orchestrator.ts'
import {
  approvedHash,
  type IssueSnapshot,
  issueFacts,
  isTriggerLabelled,
  type Person,
  type RepositorySnapshot,
  touchProject,
  touchTask,
} from './touch-task.ts'

/** Somebody with the trigger right asks for an issue. */
export interface TaskRequest {
  repository: RepositorySnapshot
  /** The issue as the requester saw it: this title and body are what they approve. */
  seen: IssueSnapshot
  /** The issue as it is at GitHub now. */
  now: IssueSnapshot
  by: Person
  via: 'label' | 'command'
  agent?: string | null
}

/**
 * Asks for dispatch. What runs is what the requester saw: when the issue has been edited since, nothing is
 * approved and the request is refused. Refusals are values; the trigger label is then taken off again.
 */
export async function requestTask(
  orchestrator: Orchestrator,
  request: TaskRequest,
): Promise<{ ok: true; task: Task } | (Refusal & { taskId: number; projectId: number })> {
  return inTransaction(orchestrator, 'request-task', async (unit) => {
    const project = await touchProject(unit, request.repository)
    const task = await touchTask(unit, project, request.now)
    const facts = await issueFacts(unit, project, request.now)
    const approved = approvedHash(request.seen)
    const edited = approved !== approvedHash(request.now)
    if (!edited) {
      const applied = await applyTaskEvent(unit, task, {
        event: 'requested',
        actor: request.by.login,
        detail: { via: request.via, approved },
        changes: {
          ...facts,
          title: request.now.title,
          description: request.now.body,
          ...(request.agent ? { requestedAgent: request.agent } : {}),
          requestedBy: request.by.id,
          requestedByLogin: request.by.login,
          requestedAt: justBefore(request.seen.updatedAt),
          approvedSha256: approved,
          approvalLost: false,
          sourcesSha256: null,
          nextMode: nextMode({
            fromReview: task.status === 'review' && task.pullRequestNumber !== null,
            publishedCommits: task.headSha !== null,
          }),
        },
      })
      if (applied.ok) return { ok: true, task: applied.task }
      await keepLabel(applied.code)
      return { ...applied, taskId: task.id, projectId: project.id }
    }
    await keepLabel('edited')
    const refusal = refuse('edited', 'The issue was edited after you asked for it: look at it and ask again.')
    return { ...refusal, taskId: task.id, projectId: project.id }

    /** Remembers that the label is there, so that the projector takes it off. */
    async function keepLabel(code: string): Promise<void> {
      const labelled = isTriggerLabelled(project, request.now.labels)
      const kept = await updateTask(unit.trx, task.id, {
        triggerLabelled: labelled,
        issueOpen: request.now.open,
        ...(code === 'edited' ? { statusBecause: 'The issue was edited after it was asked for.' } : {}),
      })
      await announce(unit, kept)
    }
  })
}

/**
 * Up to when comments of others are approved, by GitHub's clock. Its times are whole seconds: what is from the same
 * second as the request may have come after it.
 */
function justBefore(time: Date): Date {
  return new Date(time.getTime() - 1)
}
