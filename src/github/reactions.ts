import { z } from 'zod'
import type { Client } from './client.ts'
import type { RepositoryRef } from './repository-ref.ts'

export type Reaction = '+1' | '-1' | 'laugh' | 'confused' | 'heart' | 'hooray' | 'rocket' | 'eyes'

const Reacted = z.object({ id: z.int() })

/** Reactions of the app. Giving the same one twice leaves one. */
export interface Reactions {
  toIssue(repository: RepositoryRef, number: number, content: Reaction): Promise<void>
  toComment(repository: RepositoryRef, commentId: number, content: Reaction): Promise<void>
}

export function createReactions(client: Client): Reactions {
  return {
    async toIssue({ owner, name: repo, ...repository }, number, content) {
      const parameters = { owner, repo, issue_number: number, content }
      await client.call(repository, 'reactions/create-for-issue', parameters, Reacted)
    },
    async toComment({ owner, name: repo, ...repository }, commentId, content) {
      const parameters = { owner, repo, comment_id: commentId, content }
      await client.call(repository, 'reactions/create-for-issue-comment', parameters, Reacted)
    },
  }
}
