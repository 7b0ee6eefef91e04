import {
  findOutboundCall,
  finishOutboundCall,
  insertOutboundCall,
} from '../db/repositories/outbound-calls.ts'
import { type Projection, saveProjection } from '../db/repositories/projections.ts'
import { findProject, type Project } from '../db/repositories/projects.ts'
import { findTask, type Task } from '../db/repositories/tasks.ts'
import { isGitHubError } from '../github/error.ts'
import { recordLabelOff } from '../orchestrator/record-label-off.ts'
import { renderStatusComment, statusMarker } from '../presenter/status-comment.ts'
import type { StatusView } from '../presenter/status-view.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import { sha256 } from '../runtime/keys.ts'
import { respectContentBudget } from './content-budget.ts'
import { type JobContext, repositoryOf } from './context.ts'
import { isAway, respectingLimits } from './github-failures.ts'
import { withProjection } from './projection-lock.ts'
import { statusView } from './status-view.ts'

/** While an agent runs, mere progress edits the comment at most this often. */
const PROGRESS_MS = 5 * 60_000

/**
 * Makes GitHub show what the task is: its one status comment, and the labels. Level-triggered: it computes what
 * should be there, compares with what was written last, and makes the fewest calls. Running it twice does
 * nothing; missing a run heals at the next.
 */
export async function projectTask(context: JobContext, taskId: number): Promise<void> {
  const { db, clock } = context.orchestrator
  await withProjection(context, taskId, async (projection) => {
    const task = await findTask(db, taskId)
    const project = task && (await findProject(db, task.projectId))
    if (!task || !project || task.frozen || project.frozenBecause !== null) return
    const progress = progressIsDue(task, projection, clock.now())
    if (projection.revision >= task.revision && !progress) return
    await showOrGiveUp(context, project, task, projection)
  })
}

/** An issue that is gone is left alone until its task changes; lost access is tried again by the reconciler. */
async function showOrGiveUp(
  context: JobContext,
  project: Project,
  task: Task,
  projection: Projection,
): Promise<void> {
  let current = task
  try {
    current = await removeTriggerLabel(context, project, task)
    await show(context, project, current, projection)
  } catch (error) {
    if (!isAway(error)) throw error
    context.logger.info(
      { err: error, taskId: task.id },
      'nothing can be shown: the issue or our access is gone',
    )
    if (isGitHubError(error, 'not_found', 'gone')) {
      await saveProjection(context.orchestrator.db, task.id, { revision: current.revision })
    }
  }
}

async function show(
  context: JobContext,
  project: Project,
  task: Task,
  projection: Projection,
): Promise<void> {
  const { db } = context.orchestrator
  const needsHuman = task.needsHuman && task.issueOpen
  if (needsHuman !== projection.needsHuman) {
    const name = project.config.labels.needs_human
    const { labels } = context.github
    const repository = repositoryOf(project)
    await respectingLimits(async () => {
      if (needsHuman) await labels.add(repository, task.number, [name])
      else await labels.remove(repository, task.number, name)
    })
    await saveProjection(db, task.id, { needsHuman })
    crashPoint('committed', 'projection: label')
  }
  const shown = await writeComment(context, project, task, projection)
  if (!shown) return
  await saveProjection(db, task.id, { revision: task.revision })
  crashPoint('committed', 'projection: revision')
}

/** The label is taken off when the work is claimed (or refused), so that adding it again works. Answers the task. */
async function removeTriggerLabel(context: JobContext, project: Project, task: Task): Promise<Task> {
  if (!task.triggerLabelled || task.requested) return task
  const label = project.config.trigger.label
  await respectingLimits(() => context.github.labels.remove(repositoryOf(project), task.number, label))
  return recordLabelOff(context.orchestrator, task)
}

/** Writes the comment when what it says has changed. False when it was left for later. */
async function writeComment(
  context: JobContext,
  project: Project,
  task: Task,
  projection: Projection,
): Promise<boolean> {
  const { db, clock } = context.orchestrator
  if (task.status === 'backlog' && projection.commentId === null && task.statusBecause === null) return true
  const view = await statusView(context.orchestrator, task)
  // the session is over and its pull request about to be opened: that will be worth showing
  if (task.status === 'processing' && view.progress === null) return true
  const body = renderStatusComment(view)
  const essence = sha256(JSON.stringify(essenceOf(view)))
  if (essence === projection.commentSha256 && !progressIsDue(task, projection, clock.now())) return true
  await respectContentBudget(context.orchestrator, project.installationId)
  const id =
    projection.commentId === null
      ? await createComment(context, project, task, body)
      : await updateComment(context, project, task, projection.commentId, body)
  if (id === null) return false
  await saveProjection(db, task.id, { commentId: id, commentSha256: essence, commentAt: clock.now() })
  crashPoint('committed', 'projection: comment')
  return true
}

/**
 * What is worth an edit. Of a session at work only that it is: its progress, spending, model and pushes wait for
 * the next edit, at most five minutes.
 */
function essenceOf(view: StatusView): object {
  const { task, agent, sessions, contextIsOlder, configProblem, pullRequest } = view
  if (task.status === 'processing') {
    return { task, agent, attempts: sessions.length, contextIsOlder, configProblem, pullRequest }
  }
  const waits = task.status === 'ready'
  const gates = waits ? view.gates.filter((gate) => gate.holds).map((gate) => gate.name) : null
  return { ...view, progress: null, events: null, gates }
}

function progressIsDue(task: Task, projection: Projection, now: Date): boolean {
  if (task.status !== 'processing' || projection.commentAt === null) return false
  return now.getTime() - projection.commentAt.getTime() >= PROGRESS_MS
}

async function createComment(
  context: JobContext,
  project: Project,
  task: Task,
  body: string,
): Promise<number | null> {
  const { db } = context.orchestrator
  const repository = repositoryOf(project)
  const key = `task:${task.id}`
  const earlier = await findOutboundCall(db, { kind: 'status_comment', key })
  if (earlier) {
    const found = await respectingLimits(() =>
      context.github.comments.findOwn(repository, task.number, statusMarker(task.id)),
    )
    if (found) {
      await respectingLimits(() => context.github.comments.update(repository, found.id, body))
      await finishOutboundCall(db, earlier.id, 'done', { id: found.id })
      return found.id
    }
  }
  const intent =
    earlier ??
    (await insertOutboundCall(db, {
      installationId: project.installationId,
      projectId: project.id,
      taskId: task.id,
      kind: 'status_comment',
      key,
      createsContent: true,
    }))
  if (intent === undefined) return null
  crashPoint('committed', 'status comment: intent')
  const made = await respectingLimits(() => context.github.comments.create(repository, task.number, body))
  await finishOutboundCall(db, intent.id, 'done', { id: made.id })
  crashPoint('committed', 'status comment: outcome')
  return made.id
}

/** Edits count against GitHub's limit like creations. A comment deleted by hand comes back. */
async function updateComment(
  context: JobContext,
  project: Project,
  task: Task,
  commentId: number,
  body: string,
): Promise<number | null> {
  const { db } = context.orchestrator
  const call = await insertOutboundCall(db, {
    installationId: project.installationId,
    projectId: project.id,
    taskId: task.id,
    kind: 'edit_comment',
    createsContent: true,
    // an edit that is repeated does no harm: after a death nobody has to find out what became of it
    state: 'done',
  })
  if (call === undefined) throw new Error('an intent without a key cannot conflict')
  crashPoint('committed', 'status edit: intent')
  try {
    await respectingLimits(() => context.github.comments.update(repositoryOf(project), commentId, body))
    return commentId
  } catch (error) {
    await finishOutboundCall(db, call.id, 'failed', { error: String(error) })
    if (!isGitHubError(error, 'not_found')) throw error
    return createComment(context, project, task, body)
  }
}
