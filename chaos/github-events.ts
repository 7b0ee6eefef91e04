import { z } from 'zod'
import type { DeliveryRecord } from '../src/local-github/store/delivery.ts'

/** What GitHub itself knows to have happened, from its log of events: complete and in order whatever was delivered. */
export type GitHubEvent = { readonly id: number; readonly at: number; readonly repository: string } & (
  | { readonly type: 'status-comment'; readonly issue: number; readonly comment: number }
  | {
      readonly type: 'pull-request'
      readonly number: number
      readonly branch: string
      readonly closes: number | null
    }
  | { readonly type: 'push'; readonly branch: string; readonly sha: string; readonly by: string }
)

const STATUS_MARKER = '<!-- mission-control:status task='
const HEADS = 'refs/heads/'
const NO_OBJECT = /^0+$/

const Comment = z.object({
  repository: z.object({ full_name: z.string() }),
  issue: z.object({ number: z.int() }),
  comment: z.object({ id: z.int(), body: z.string() }),
})
const PullRequest = z.object({
  repository: z.object({ full_name: z.string() }),
  pull_request: z.object({
    number: z.int(),
    body: z.string().nullable(),
    head: z.object({ ref: z.string() }),
  }),
})
const Push = z.object({
  repository: z.object({ full_name: z.string() }),
  ref: z.string(),
  after: z.string(),
  sender: z.object({ login: z.string() }),
})

/** The events that matter, of the deliveries after an id. Copies of a delivery are no events. */
export function eventsAfter(deliveries: readonly DeliveryRecord[], id: number): GitHubEvent[] {
  return deliveries.flatMap((delivery) => {
    if (delivery.id <= id || delivery.redelivery) return []
    const event = read(delivery)
    return event === null ? [] : [event]
  })
}

function read({ id, event, action, payload, queuedAt }: DeliveryRecord): GitHubEvent | null {
  const at = queuedAt.getTime()
  if (event === 'issue_comment' && action === 'created') {
    const { repository, issue, comment } = Comment.parse(JSON.parse(payload))
    // whoever wrote it: a marker in a person's comment would be found as well
    if (!comment.body.startsWith(STATUS_MARKER)) return null
    const base = { id, at, repository: repository.full_name }
    return { ...base, type: 'status-comment', issue: issue.number, comment: comment.id }
  }
  if (event === 'pull_request' && action === 'opened') {
    const { repository, pull_request: pull } = PullRequest.parse(JSON.parse(payload))
    const closes = /\bcloses #(\d+)/i.exec(pull.body ?? '')?.[1]
    return {
      ...{ id, at, repository: repository.full_name, type: 'pull-request' },
      ...{ number: pull.number, branch: pull.head.ref, closes: closes === undefined ? null : Number(closes) },
    }
  }
  if (event === 'push') {
    const { repository, ref, after, sender } = Push.parse(JSON.parse(payload))
    if (!ref.startsWith(HEADS) || NO_OBJECT.test(after)) return null
    const branch = ref.slice(HEADS.length)
    return { id, at, repository: repository.full_name, type: 'push', branch, sha: after, by: sender.login }
  }
  return null
}
