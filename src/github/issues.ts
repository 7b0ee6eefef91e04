import { z } from 'zod'
import type { Client } from './client.ts'
import { type Author, author, time } from './fields.ts'
import type { RepositoryRef } from './repository-ref.ts'

export interface Issue {
  readonly id: number
  readonly number: number
  readonly url: string
  readonly title: string
  readonly body: string
  readonly open: boolean
  /** `completed`, `not_planned`, `duplicate`, `reopened` or null. */
  readonly stateReason: string | null
  readonly author: Author | null
  readonly labels: readonly string[]
  readonly commentCount: number
  readonly isPullRequest: boolean
  readonly createdAt: Date
  readonly updatedAt: Date
}

const IssueAnswer = z
  .object({
    id: z.int(),
    number: z.int(),
    html_url: z.string(),
    title: z.string(),
    body: z.string().nullish(),
    state: z.enum(['open', 'closed']),
    state_reason: z.string().nullish(),
    user: author.nullish(),
    labels: z.array(z.union([z.string(), z.object({ name: z.string().nullish() })])),
    comments: z.int(),
    pull_request: z.unknown().optional(),
    created_at: time,
    updated_at: time,
  })
  .transform(
    (answer): Issue => ({
      id: answer.id,
      number: answer.number,
      url: answer.html_url,
      title: answer.title,
      body: answer.body ?? '',
      open: answer.state === 'open',
      stateReason: answer.state_reason ?? null,
      author: answer.user ?? null,
      labels: answer.labels.flatMap((label) => (typeof label === 'string' ? label : (label.name ?? []))),
      commentCount: answer.comments,
      isPullRequest: answer.pull_request !== undefined && answer.pull_request !== null,
      createdAt: answer.created_at,
      updatedAt: answer.updated_at,
    }),
  )

export interface Issues {
  /**
   * One issue. Throws `gone` when it was deleted or transferred to another repository, `not_found` when there
   * is none or the app may not see it.
   */
  get(repository: RepositoryRef, number: number): Promise<Issue>
}

export function createIssues(client: Client): Issues {
  return {
    get: (repository, number) =>
      client.call(
        repository,
        'issues/get',
        { owner: repository.owner, repo: repository.name, issue_number: number },
        IssueAnswer,
      ),
  }
}
