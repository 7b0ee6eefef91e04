import { z } from 'zod'
import { findTaskByPullRequest } from '../../db/repositories/tasks.ts'
import { type Command, parseCommands } from '../../domain/command.ts'
import { answerLater } from '../../orchestrator/answer-later.ts'
import { recordComment, recordCommentEdit } from '../../orchestrator/record-comment.ts'
import { renderRefusedCommand, renderUnknownCommand } from '../../presenter/reply.ts'
import { findCommand } from '../commands/registry.ts'
import { configOf, isOwn, mayTrigger, projectOf, taskOf, type WebhookContext } from '../context.ts'
import {
  AccountPayload,
  IssuePayload,
  issueSnapshot,
  person,
  RepositoryEvent,
  readPayload,
  repositorySnapshot,
  time,
} from '../payload.ts'
import type { EventHandlers } from './event.ts'

export const CommentEvent = RepositoryEvent.extend({
  issue: IssuePayload,
  comment: z.object({
    id: z.int(),
    body: z.string(),
    user: AccountPayload.nullish(),
    updated_at: time,
  }),
})
type CommentEvent = z.infer<typeof CommentEvent>

/** Comments: slash commands in new ones, answers to an agent's question, and edits that undo an approval. */
export const issueComment: EventHandlers = {
  events: {
    'issue_comment.created': created,
    'issue_comment.edited': (context, payload) => changed(context, payload),
    'issue_comment.deleted': (context, payload) => changed(context, payload),
  },
}

async function created(context: WebhookContext, payload: unknown): Promise<void> {
  const event = readPayload(CommentEvent, payload)
  // apps do not command each other: what agents write through our app never triggers anything
  if (event.sender.type === 'Bot') return
  const { commands, dropped } = parseCommands(event.comment.body)
  if (commands.length === 0 && dropped.length === 0) return plainComment(context, event)
  const config = await configOf(context, event)
  const allowed = await mayTrigger(context, repositorySnapshot(event), config, {
    ...person(event.sender),
    bot: false,
  })
  const project = await projectOf(context, event)
  if (project === undefined)
    throw new Error(`repository ${event.repository.id} has no project after its config was read`)
  const answer = { projectId: project.id, number: event.issue.number, commentId: event.comment.id }
  if (!allowed) {
    // a reaction at most: strangers must not spend the project's budget of comments
    await answerLater(context.orchestrator, {
      ...answer,
      reaction: 'confused',
      body: null,
      key: `comment:${event.comment.id}`,
    })
    return
  }
  const replies = [...dropped]
  let refused = dropped.length > 0
  for (const command of commands) {
    const result = await run(context, event, command)
    if (!result.ok) refused = true
    if (result.reply !== null) replies.push(result.reply)
  }
  await answerLater(context.orchestrator, {
    ...answer,
    reaction: refused ? 'confused' : '+1',
    body: replies.length === 0 ? null : replies.join('\n\n'),
    key: `comment:${event.comment.id}`,
  })
}

async function run(
  context: WebhookContext,
  event: CommentEvent,
  command: Command,
): Promise<{ ok: boolean; reply: string | null }> {
  const found = findCommand(command.name)
  if (found === undefined) return { ok: false, reply: renderUnknownCommand(command.name) }
  const target = await taskOfComment(context, event)
  if (event.issue.pull_request && target === undefined) {
    const reason = 'this pull request is not one of an agent of this project.'
    return { ok: false, reply: renderRefusedCommand(command.name, reason) }
  }
  const result = await found.run(context, {
    command,
    by: person(event.sender),
    repository: repositorySnapshot(event),
    issue: issueSnapshot(event.issue),
    known: target,
  })
  if (result.ok) return result
  return { ok: false, reply: renderRefusedCommand(command.name, result.reason) }
}

/** The task of an issue, or of an agent's pull request. */
async function taskOfComment(context: WebhookContext, event: CommentEvent) {
  if (!event.issue.pull_request) return taskOf(context, event, event.issue.number)
  const project = await projectOf(context, event)
  const task =
    project && (await findTaskByPullRequest(context.orchestrator.db, project.id, event.issue.number))
  return project && task ? { project, task } : undefined
}

/** A comment without commands: an answer to a question, or more to know before the work starts. */
async function plainComment(context: WebhookContext, event: CommentEvent): Promise<void> {
  const known = await taskOf(context, event, event.issue.number)
  if (known === undefined) return
  const { status, pauseReason } = known.task
  if (status !== 'ready' && status !== 'processing' && pauseReason !== 'clarification') return
  const by = person(event.sender)
  const repository = repositorySnapshot(event)
  const trusted = await mayTrigger(context, repository, known.project.config, { ...by, bot: false })
  const at = new Date(event.comment.updated_at)
  const { comments } = event.issue
  await recordComment(context.orchestrator, known.task.id, { by, trusted, comments, at })
}

/** An edited or deleted comment: never a command. A counted one that was changed by an outsider undoes the approval. */
async function changed(context: WebhookContext, payload: unknown): Promise<void> {
  const event = readPayload(CommentEvent, payload)
  if (await isOwn(context, event)) return
  const known = await taskOf(context, event, event.issue.number)
  if (known === undefined || !(known.task.status === 'ready' || known.task.status === 'processing')) return
  const by = person(event.sender)
  const bot = event.sender.type === 'Bot'
  const trusted = await mayTrigger(context, repositorySnapshot(event), known.project.config, { ...by, bot })
  await recordCommentEdit(context.orchestrator, known.task.id, {
    by,
    trusted,
    commentId: event.comment.id,
    authorId: event.comment.user?.id ?? null,
  })
}
