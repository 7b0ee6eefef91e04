import { z } from 'zod'
import { answerLater } from '../../orchestrator/answer-later.ts'
import { changeTask } from '../../orchestrator/change-task.ts'
import { freezeTask } from '../../orchestrator/freeze.ts'
import { recordEdit } from '../../orchestrator/record-edit.ts'
import { recordIssueState } from '../../orchestrator/record-issue-state.ts'
import { recordLabels } from '../../orchestrator/record-labels.ts'
import { requestTask } from '../../orchestrator/request-task.ts'
import { approvedHash, type IssueSnapshot } from '../../orchestrator/touch-task.ts'
import { renderRefusedRequest } from '../../presenter/reply.ts'
import { configOf, currentIssue, isOwn, mayTrigger, taskOf, type WebhookContext } from '../context.ts'
import {
  IssuePayload,
  issueSnapshot,
  person,
  RepositoryEvent,
  readPayload,
  repositorySnapshot,
} from '../payload.ts'
import type { EventHandlers } from './event.ts'

export const IssueEvent = RepositoryEvent.extend({ issue: IssuePayload })
type IssueEvent = z.infer<typeof IssueEvent>
export const LabelEvent = IssueEvent.extend({ label: z.object({ name: z.string() }).optional() })
type LabelEvent = z.infer<typeof LabelEvent>

/** Issues are tasks: the trigger label asks for one, an edit may undo the approval, closing is the kill switch. */
export const issues: EventHandlers = {
  events: {
    'issues.labeled': labelled,
    'issues.unlabeled': unlabelled,
    'issues.edited': edited,
    'issues.closed': (context, payload) => closedOrReopened(context, readPayload(IssueEvent, payload)),
    'issues.reopened': (context, payload) => closedOrReopened(context, readPayload(IssueEvent, payload)),
    'issues.deleted': (context, payload) => away(context, payload, 'The issue was deleted.'),
    'issues.transferred': (context, payload) =>
      away(context, payload, 'The issue was transferred to another repository.'),
  },
}

async function labelled(context: WebhookContext, payload: unknown, delivery: string): Promise<void> {
  const event = readPayload(LabelEvent, payload)
  if (event.issue.pull_request || (await isOwn(context, event))) return
  const config = await configOf(context, event)
  if (event.label?.name.toLowerCase() !== config.trigger.label.toLowerCase())
    return relabelled(context, event)
  const repository = repositorySnapshot(event)
  const by = { ...person(event.sender), bot: event.sender.type === 'Bot' }
  const [allowed, now] = await Promise.all([
    mayTrigger(context, repository, config, by),
    currentIssue(context, repository, event.issue.number),
  ])
  if (!allowed || now === null) {
    context.logger.info({ sender: by.login, issue: event.issue.html_url, allowed }, 'trigger label ignored')
    return
  }
  // a late delivery: the label was taken off since
  if (!now.labels.some((name) => name.toLowerCase() === config.trigger.label.toLowerCase())) return
  const seen = issueSnapshot(event.issue)
  const result = await requestTask(context.orchestrator, { repository, seen, now, by, via: 'label' })
  if (!result.ok) {
    await answerLater(context.orchestrator, {
      projectId: result.projectId,
      number: now.number,
      commentId: null,
      reaction: null,
      body: renderRefusedRequest(config.trigger.label, result.reason),
      key: `label:${delivery}`,
    })
  }
}

async function unlabelled(context: WebhookContext, payload: unknown): Promise<void> {
  const event = readPayload(LabelEvent, payload)
  if (event.issue.pull_request || (await isOwn(context, event))) return
  const known = await taskOf(context, event, event.issue.number)
  if (!known) return
  const trigger = known.project.config.trigger.label.toLowerCase()
  if (event.label?.name.toLowerCase() !== trigger) return relabelled(context, event)
  const now = await currentIssue(context, repositorySnapshot(event), event.issue.number)
  if (now?.labels.some((name) => name.toLowerCase() === trigger)) return
  await changeTask(context.orchestrator, {
    taskId: known.task.id,
    event: 'request_withdrawn',
    actor: event.sender.login,
    factsAnyway: { triggerLabelled: false },
  })
}

/** Another label: priority, estimate, agent or tags may have changed. */
async function relabelled(context: WebhookContext, event: LabelEvent): Promise<void> {
  const known = await taskOf(context, event, event.issue.number)
  if (!known) return
  await withNewest(context, event, (issue, asked) =>
    recordLabels(context.orchestrator, known.task.id, issue, asked),
  )
}

async function edited(context: WebhookContext, payload: unknown): Promise<void> {
  const event = readPayload(IssueEvent, payload)
  if (event.issue.pull_request || (await isOwn(context, event))) return
  const known = await taskOf(context, event, event.issue.number)
  if (!known) return
  const repository = repositorySnapshot(event)
  const by = { ...person(event.sender), bot: event.sender.type === 'Bot' }
  const trusted = await mayTrigger(context, repository, known.project.config, by)
  const written = approvedHash(issueSnapshot(event.issue))
  await withNewest(context, event, async (issue, asked) => {
    // somebody wrote over it since: whether that is approved is for their own event to say
    if (trusted && approvedHash(issue) !== written) return true
    return recordEdit(context.orchestrator, { repository, issue, by, trusted, asked })
  })
}

async function closedOrReopened(context: WebhookContext, event: IssueEvent): Promise<void> {
  const known = await taskOf(context, event, event.issue.number)
  if (!known) return
  const actor = event.sender.login
  await withNewest(context, event, (issue, asked) =>
    recordIssueState(context.orchestrator, known.task.id, issue, { actor, asked }),
  )
}

async function away(context: WebhookContext, payload: unknown, because: string): Promise<void> {
  const event = readPayload(IssueEvent, payload)
  const known = await taskOf(context, event, event.issue.number)
  if (known) await freezeTask(context.orchestrator, known.task.id, because)
}

type Told = IssueSnapshot & { stateReason: string | null }

/** Records the issue as the event tells it, or, when the event is late or from the second that is known, as it is now. */
async function withNewest(
  context: WebhookContext,
  event: IssueEvent,
  record: (issue: Told, asked: boolean) => Promise<boolean>,
): Promise<void> {
  const told = { ...issueSnapshot(event.issue), stateReason: event.issue.state_reason ?? null }
  if (await record(told, false)) return
  const now = await currentIssue(context, repositorySnapshot(event), told.number)
  if (now) await record(now, true)
}
