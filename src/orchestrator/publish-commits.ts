import { audit } from '../db/repositories/audit-log.ts'
import { deleteHeldBranch, saveHeldBranch } from '../db/repositories/held-branches.ts'
import {
  finishOutboundCall,
  hasOpenPublish,
  insertOutboundCall,
  lockOutboundCall,
  wasPublishedSince,
} from '../db/repositories/outbound-calls.ts'
import { findProject, type Project } from '../db/repositories/projects.ts'
import { appendEvent } from '../db/repositories/session-events.ts'
import { extendLease, latestSessionOfTask, type Session, updateSession } from '../db/repositories/sessions.ts'
import { type Task, updateTask } from '../db/repositories/tasks.ts'
import { isLive } from '../domain/session.ts'
import { announce, applyTaskEvent } from './apply-task-event.ts'
import { lockWithTask, lostLease } from './authorize-session.ts'
import { failAttempt } from './fail-attempt.ts'
import { inTransaction, type Orchestrator, type Refusal, refuse, type Unit } from './orchestrator.ts'

/** A push that passed all checks and asks to be published. */
export interface Push {
  branch: string
  oldSha: string | null
  newSha: string
  commits: number
}

/**
 * The fence before publishing: under the session's row lock the lease is checked once more, the intent is
 * written and the lease extended past the publishing time-out. Nobody else can own the task before the
 * outcome is known, and nothing may be published after `until`.
 */
export async function beginPublish(
  orchestrator: Orchestrator,
  sessionId: number,
  push: Push,
): Promise<{ ok: true; intentId: number; hold: boolean; project: Project; until: Date } | Refusal> {
  return inTransaction(orchestrator, 'begin-publish', async (unit) => {
    const locked = await lockWithTask(unit, sessionId)
    if (locked === undefined) return refuse('session_ended', 'There is no such session.')
    const { session, task } = locked
    const lost = lostLease(session, unit.now)
    if (lost) return lost
    if (push.branch !== session.branch)
      return refuse('wrong_branch', `This session may only push ${session.branch}.`)
    const project = await findProject(unit.trx, task.projectId)
    if (project === undefined) return refuse('not_found', 'The project is gone.')
    const until = new Date(unit.now.getTime() + unit.policy.publishSeconds * 1000)
    const intent = await insertOutboundCall(unit.trx, {
      installationId: project.installationId,
      projectId: project.id,
      taskId: task.id,
      sessionId,
      kind: 'publish',
      createsContent: false,
      intent: { ...push },
      leaseUntil: until,
    })
    if (intent === undefined) throw new Error('a publish intent without a key cannot conflict')
    await extendLease(unit.trx, sessionId, new Date(until.getTime() + unit.policy.leaseSeconds * 1000))
    return { ok: true, intentId: intent.id, hold: session.holdPublishing, project, until }
  })
}

/** How a publish ended, as far as is known. */
export interface PublishOutcome {
  /** `uncertain`: GitHub did not say; the intent stays open until the ref there has been looked at. */
  outcome: 'published' | 'held' | 'failed' | 'uncertain'
  newSha?: string
  bundle?: Buffer
  message?: string
}

/** Writes down how a publish ended. Following up twice changes nothing. */
export async function finishPublish(
  orchestrator: Orchestrator,
  intentId: number,
  outcome: PublishOutcome,
): Promise<void> {
  if (outcome.outcome === 'uncertain') return
  await inTransaction(orchestrator, 'finish-publish', async (unit) => {
    const call = await lockOutboundCall(unit.trx, intentId)
    if (call === undefined || call.state !== 'pending' || call.sessionId === null) return
    const { bundle, ...rest } = outcome
    await finishOutboundCall(unit.trx, intentId, outcome.outcome === 'failed' ? 'failed' : 'done', {
      ...rest,
    })
    const locked = await lockWithTask(unit, call.sessionId)
    if (locked === undefined) return
    const { session, task } = locked
    // the publish was a sign of life, and what it added to the lease is over
    if (isLive(session.status)) {
      const leaseUntil = new Date(unit.now.getTime() + unit.policy.leaseSeconds * 1000)
      await updateSession(unit.trx, session.id, { leaseUntil })
    }
    // found out late: a later push says where the branch stands
    if (outcome.outcome !== 'failed' && (await wasPublishedSince(unit.trx, call))) return
    if (outcome.outcome === 'failed') {
      await appendEvent(unit.trx, {
        taskId: task.id,
        sessionId: session.id,
        kind: 'publish_failed',
        detail: { message: outcome.message ?? null },
      })
      await endWaiting(unit, task, await latestOf(unit, session))
      return
    }
    const newSha = outcome.newSha ?? String(call.intent.newSha)
    if (outcome.outcome === 'held') await hold(newSha, bundle, session)
    // what was held before is contained in what is on GitHub now
    else await deleteHeldBranch(unit.trx, task.id)
    await updateSession(unit.trx, session.id, { headSha: newSha, pushRefused: null })
    const changed = await updateTask(unit.trx, task.id, { headSha: newSha, branchDeleted: false })
    await appendEvent(unit.trx, {
      taskId: task.id,
      sessionId: session.id,
      kind: outcome.outcome === 'held' ? 'commits_held' : 'commits_published',
      detail: { sha: newSha, branch: session.branch, commits: call.intent.commits },
    })
    await announce(unit, changed)
    if (awaitsOutcome(task, await latestOf(unit, session))) await goOn(changed)

    /** As the completion would have, had the outcome been known then. */
    async function goOn(waiting: Task): Promise<void> {
      if (outcome.outcome !== 'held') return unit.enqueue('open-pull-request', { taskId: task.id })
      const event = { event: 'publishing_held', actor: 'agent', sessionId: session.id } as const
      const applied = await applyTaskEvent(unit, waiting, event)
      if (!applied.ok) throw new Error(`publishing_held was refused: ${applied.reason}`)
    }

    async function hold(sha: string, bytes: Buffer | undefined, of: Session): Promise<void> {
      if (bytes === undefined) throw new Error('held commits without a bundle')
      await saveHeldBranch(unit.trx, {
        taskId: task.id,
        sessionId: of.id,
        branch: of.branch,
        baseSha: of.startSha,
        headSha: sha,
        bundle: bytes,
      })
    }
  })
}

/** A later session may have found the commits on GitHub and finished, while the push that brought them was still open. */
async function latestOf(unit: Unit, session: Session): Promise<Session> {
  return (await latestSessionOfTask(unit.trx, session.taskId)) ?? session
}

/** The agent finished while nobody knew what had become of its push: the task waits for the outcome. */
function awaitsOutcome(task: Task, session: Session): boolean {
  return task.status === 'processing' && session.status === 'completed' && session.fence === task.fence
}

/** The push that a finished session counted on has failed, and there was no other one. */
async function endWaiting(unit: Unit, task: Task, session: Session): Promise<void> {
  if (!awaitsOutcome(task, session) || task.headSha !== null) return
  if (await hasOpenPublish(unit.trx, { taskId: task.id })) return
  await failAttempt(unit, task, session, 'completed_empty', 'The commits could not be published.')
}

/** Keeps a refused push: in the history, in the audit log, and on the session when it is a grave one. */
export async function recordPushRefusal(
  orchestrator: Orchestrator,
  sessionId: number,
  refusal: { code: string; sentence: string; needsHuman: boolean; paths?: string[] },
): Promise<void> {
  await inTransaction(orchestrator, 'record-push-refusal', async (unit) => {
    const locked = await lockWithTask(unit, sessionId)
    if (locked === undefined) return
    const { session, task } = locked
    if (refusal.needsHuman) await updateSession(unit.trx, session.id, { pushRefused: refusal.sentence })
    await appendEvent(unit.trx, {
      taskId: task.id,
      sessionId,
      kind: 'push_refused',
      detail: { code: refusal.code, sentence: refusal.sentence },
    })
    await audit(unit.trx, {
      actor: `session:${sessionId}`,
      action: 'push_refused',
      projectId: task.projectId,
      taskId: task.id,
      detail: { ...refusal },
    })
  })
}
