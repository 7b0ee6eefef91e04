import { sourcesOfTask } from '../db/repositories/context-sources.ts'
import { lockTask, type Task, updateTask } from '../db/repositories/tasks.ts'
import { applyTaskEvent } from './apply-task-event.ts'
import { inTransaction, type Orchestrator, type Unit } from './orchestrator.ts'
import { TaskSources } from './sources.ts'
import type { Person } from './touch-task.ts'

/**
 * A new comment on the issue of a waiting task. By the author or somebody with the trigger right it
 * answers an open question; by the latter it also joins the context of the next session.
 */
export async function recordComment(
  orchestrator: Orchestrator,
  taskId: number,
  comment: { by: Person; trusted: boolean; comments: number; at: Date },
): Promise<void> {
  await inTransaction(orchestrator, 'record-comment', async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    if (task === undefined) return
    const counts = comment.trusted || comment.by.id === task.creatorId
    if (task.status === 'paused' && task.pauseReason === 'clarification' && counts) {
      await applyTaskEvent(unit, task, {
        event: 'answered',
        actor: comment.by.login,
        // the answer is part of what is approved now, whoever of the two gave it
        changes: { commentCount: comment.comments, requestedAt: comment.at, sourcesSha256: null },
      })
      return
    }
    if (isAhead(task) && comment.trusted) await gatherAgain(unit, task, comment.comments)
  })
}

/** A comment was edited or deleted while the task waits. */
export async function recordCommentEdit(
  orchestrator: Orchestrator,
  taskId: number,
  edit: { by: Person; trusted: boolean; commentId: number; authorId: number | null },
): Promise<void> {
  await inTransaction(orchestrator, 'record-comment-edit', async (unit) => {
    const task = await lockTask(unit.trx, taskId)
    if (task === undefined || !isAhead(task)) return
    if (edit.trusted) return gatherAgain(unit, task, task.commentCount)
    if (task.status !== 'ready' || !(await isCounted(unit, task, edit))) return
    await applyTaskEvent(unit, task, {
      event: 'edited_untrusted',
      actor: edit.by.login,
      because: `${edit.by.login}, who may not trigger work here, edited a comment that counts.`,
      changes: { approvalLost: true },
    })
  })
}

/** Whether a comment is in the context: by what was gathered, or by its author while nothing was gathered. */
async function isCounted(
  unit: Unit,
  task: Task,
  edit: { commentId: number; authorId: number | null },
): Promise<boolean> {
  const row = (await sourcesOfTask(unit.trx, task.id)).find((source) => source.kind === 'comments')
  if (row === undefined || task.sourcesSha256 === null) return edit.authorId === task.creatorId
  const comments = TaskSources.shape.comments.parse((row.content as { value: unknown }).value)
  return comments.some((comment) => comment.id === edit.commentId)
}

/** A session is ahead: the one that the task waits for, or another attempt after the one at work. */
function isAhead(task: Task): boolean {
  return task.status === 'ready' || task.status === 'processing'
}

async function gatherAgain(unit: Unit, task: Task, comments: number): Promise<void> {
  await updateTask(unit.trx, task.id, { commentCount: comments, sourcesSha256: null })
  if (task.requested) await unit.enqueue('gather-sources', { taskId: task.id })
}
