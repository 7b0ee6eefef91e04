import { findProjectByRepository } from '../db/repositories/projects.ts'
import { findTaskByNumber, lockTask, updateTask } from '../db/repositories/tasks.ts'
import { applyTaskEvent } from './apply-task-event.ts'
import { inTransaction, type Orchestrator } from './orchestrator.ts'
import {
  approvedHash,
  type IssueSnapshot,
  isStale,
  issueFacts,
  type Person,
  type RepositorySnapshot,
} from './touch-task.ts'

/** An edit of an issue's title or body. `trusted`: the editor has the trigger right. */
export interface IssueEdit {
  repository: RepositorySnapshot
  issue: IssueSnapshot
  by: Person
  trusted: boolean
  /** False when the issue is what an event told, which may be late, and not what GitHub answered. */
  asked?: boolean
}

/**
 * What runs is what was approved. An edit by somebody with the trigger right approves the new text; one by
 * anybody else takes a waiting task back to the backlog. An edit that changes nothing against the approved
 * text (a late or repeated delivery) is no edit. False, and nothing is done, when more is known than the event
 * told: then ask GitHub and come again with the issue as it is.
 */
export async function recordEdit(orchestrator: Orchestrator, edit: IssueEdit): Promise<boolean> {
  return inTransaction(orchestrator, 'record-edit', async (unit) => {
    const project = await findProjectByRepository(unit.trx, edit.repository.githubId)
    const found = project && (await findTaskByNumber(unit.trx, project.id, edit.issue.number))
    const task = found && (await lockTask(unit.trx, found.id))
    if (project === undefined || task === undefined) return true
    if (isStale(task, edit.issue, edit.asked ?? true)) return false
    const hash = approvedHash(edit.issue)
    if (hash === task.approvedSha256) {
      await updateTask(unit.trx, task.id, { issueUpdatedAt: edit.issue.updatedAt })
      return true
    }
    const applied = await applyTaskEvent(unit, task, {
      event: edit.trusted ? 'edited_trusted' : 'edited_untrusted',
      actor: edit.by.login,
      ...(edit.trusted
        ? {}
        : { because: `${edit.by.login}, who may not trigger work here, edited the issue.` }),
      changes: {
        ...(await issueFacts(unit, project, edit.issue)),
        ...(edit.trusted
          ? {
              title: edit.issue.title,
              description: edit.issue.body,
              approvalLost: false,
              // a session at work keeps its context; the next one gets the new text
              ...(task.approvedSha256 === null ? {} : { approvedSha256: hash, sourcesSha256: null }),
            }
          : { approvalLost: true }),
      },
    })
    if (!applied.ok) throw new Error(`an edit was refused: ${applied.reason}`)
    return true
  })
}
