import {
  findOutboundCall,
  finishOutboundCall,
  insertOutboundCall,
  type OutboundCall,
  releaseOutboundCall,
  takeOutboundCall,
} from '../db/repositories/outbound-calls.ts'
import { findProject } from '../db/repositories/projects.ts'
import type { JobPayload } from '../queue/catalog.ts'
import { Postponed } from '../queue/queue.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import { respectContentBudget } from './content-budget.ts'
import { type JobContext, repositoryOf } from './context.ts'
import { isAway, respectingLimits } from './github-failures.ts'

/** Longer than a request to GitHub that writes may take, and one that looks before it. */
const LEASE_SECONDS = 30

/** GitHub's times are whole seconds of another clock: what we wrote may seem older than our intent. */
const CLOCKS_APART_MS = 5 * 60_000

/** Answers a comment with a reaction, and with a comment of our own where there is something to say: once. */
export async function answerComment(
  context: JobContext,
  answer: JobPayload<'answer-comment'>,
): Promise<void> {
  const { db } = context.orchestrator
  const project = await findProject(db, answer.projectId)
  if (project === undefined || project.frozenBecause !== null) return
  const repository = repositoryOf(project)
  const { commentId, reaction, body } = answer
  const marker = `<!-- mission-control:reply ${answer.key} -->`
  try {
    if (commentId !== null && reaction !== null) {
      await respectingLimits(() => context.github.reactions.toComment(repository, commentId, reaction))
    }
    if (body !== null) await respectingLimits(() => reply(body))
  } catch (error) {
    if (!isAway(error)) throw error
    context.logger.info({ err: error, answer: answer.key }, 'nobody is there to be answered')
  }

  async function reply(text: string): Promise<void> {
    const key = { kind: 'reply_comment', key: answer.key }
    const earlier = await findOutboundCall(db, key)
    if (earlier?.state === 'done') return
    if (!earlier) await respectContentBudget(context.orchestrator, repository.installationId)
    const { installationId } = repository
    const intent = { ...key, installationId, projectId: answer.projectId, createsContent: true }
    const written = earlier ?? (await insertOutboundCall(db, intent))
    const call = written && (await takeOutboundCall(db, written.id, LEASE_SECONDS))
    // the same comment may be answered by two jobs: its delivery came again when its first handler died
    if (call === undefined) throw new Postponed(new Date(Date.now() + 1_000), 'another process answers it')
    try {
      await make(call, text, earlier === undefined ? null : marker)
    } catch (error) {
      await releaseOutboundCall(db, call)
      throw error
    }
  }

  /** @param look the marker of a reply that an earlier try may have left, to be looked for first */
  async function make(call: OutboundCall, text: string, look: string | null): Promise<void> {
    const { comments } = context.github
    const since = new Date(call.createdAt.getTime() - CLOCKS_APART_MS)
    if (look !== null && (await comments.findOwn(repository, answer.number, look, since))) {
      await finishOutboundCall(db, call.id, 'done', { found: true })
      return
    }
    crashPoint('committed', 'reply: intent')
    const made = await comments.create(repository, answer.number, `${marker}\n${text}`)
    await finishOutboundCall(db, call.id, 'done', { id: made.id })
    crashPoint('committed', 'reply: outcome')
  }
}
