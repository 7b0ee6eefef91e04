import {
  findOutboundCall,
  finishOutboundCall,
  insertOutboundCall,
} from '../db/repositories/outbound-calls.ts'
import { findProject } from '../db/repositories/projects.ts'
import type { JobPayload } from '../queue/catalog.ts'
import { respectContentBudget } from './content-budget.ts'
import { type JobContext, repositoryOf } from './context.ts'
import { isAway, respectingLimits } from './github-failures.ts'

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
    const marker = `<!-- mission-control:reply ${answer.key} -->`
    const earlier = await findOutboundCall(db, { kind: 'reply_comment', key: answer.key })
    if (earlier?.state === 'done') return
    const since = earlier && new Date(earlier.createdAt.getTime() - CLOCKS_APART_MS)
    if (earlier && (await context.github.comments.findOwn(repository, answer.number, marker, since))) {
      await finishOutboundCall(db, earlier.id, 'done', { found: true })
      return
    }
    if (!earlier) await respectContentBudget(context.orchestrator, repository.installationId)
    const call =
      earlier ??
      (await insertOutboundCall(db, {
        installationId: repository.installationId,
        projectId: answer.projectId,
        kind: 'reply_comment',
        key: answer.key,
        createsContent: true,
      }))
    if (call === undefined) return
    const made = await context.github.comments.create(repository, answer.number, `${marker}\n${text}`)
    await finishOutboundCall(db, call.id, 'done', { id: made.id })
  }
}
