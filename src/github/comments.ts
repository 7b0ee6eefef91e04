import { z } from 'zod'
import type { Client } from './client.ts'
import { type Author, author, time } from './fields.ts'
import type { RepositoryRef } from './repository-ref.ts'

export interface Comment {
  readonly id: number
  readonly url: string
  readonly body: string
  readonly author: Author | null
  /** The app that wrote it, when an app did. */
  readonly appId: number | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

const CommentAnswer = z
  .object({
    id: z.int(),
    html_url: z.string(),
    body: z.string().nullish(),
    user: author.nullish(),
    performed_via_github_app: z.object({ id: z.int() }).nullish(),
    created_at: time,
    updated_at: time,
  })
  .transform(
    (answer): Comment => ({
      id: answer.id,
      url: answer.html_url,
      body: answer.body ?? '',
      author: answer.user ?? null,
      appId: answer.performed_via_github_app?.id ?? null,
      createdAt: answer.created_at,
      updatedAt: answer.updated_at,
    }),
  )
const Written = z
  .object({ id: z.int(), html_url: z.string() })
  .transform(({ id, html_url: url }) => ({ id, url }))

export interface Comments {
  /** Comments of an issue or pull request, oldest first, the first 500. `since` counts edits too. */
  list(
    repository: RepositoryRef,
    number: number,
    since?: Date,
  ): Promise<{ comments: Comment[]; cut: boolean }>
  /** Writes a comment. After `uncertain` look with `findOwn` before writing it again. */
  create(repository: RepositoryRef, number: number, body: string): Promise<{ id: number; url: string }>
  /** Throws `not_found` when somebody deleted the comment. */
  update(repository: RepositoryRef, commentId: number, body: string): Promise<void>
  /** The first comment that this app wrote with the marker in it; people who copy the marker do not count. */
  findOwn(repository: RepositoryRef, number: number, marker: string, since?: Date): Promise<Comment | null>
}

const PAGE = 100
const MOST_PAGES = 5

export function createComments(client: Client, appId: number): Comments {
  const comments: Comments = {
    async list({ owner, name: repo, ...repository }, number, since) {
      const found: Comment[] = []
      for (let page = 1; page <= MOST_PAGES; page += 1) {
        const parameters = {
          owner,
          repo,
          issue_number: number,
          per_page: PAGE,
          page,
          ...(since === undefined ? {} : { since: since.toISOString() }),
        }
        const answer = await client.call(
          repository,
          'issues/list-comments',
          parameters,
          z.array(CommentAnswer),
        )
        found.push(...answer)
        if (answer.length < PAGE) return { comments: found, cut: false }
      }
      return { comments: found, cut: true }
    },
    create: ({ owner, name: repo, ...repository }, number, body) =>
      client.call(repository, 'issues/create-comment', { owner, repo, issue_number: number, body }, Written),
    async update({ owner, name: repo, ...repository }, commentId, body) {
      await client.call(
        repository,
        'issues/update-comment',
        { owner, repo, comment_id: commentId, body },
        Written,
      )
    },
    async findOwn(repository, number, marker, since) {
      const { comments: found } = await comments.list(repository, number, since)
      return found.find((comment) => comment.appId === appId && comment.body.includes(marker)) ?? null
    },
  }
  return comments
}
