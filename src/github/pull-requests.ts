import { z } from 'zod'
import type { Client } from './client.ts'
import { isGitHubError } from './error.ts'
import { type Author, author } from './fields.ts'
import type { RepositoryRef } from './repository-ref.ts'

export interface PullRequest {
  readonly id: number
  readonly number: number
  readonly url: string
  readonly title: string
  readonly body: string
  readonly open: boolean
  readonly draft: boolean
  readonly merged: boolean
  readonly mergeCommit: string | null
  readonly author: Author | null
  readonly head: { readonly branch: string; readonly sha: string; readonly repositoryId: number | null }
  readonly base: { readonly branch: string }
}

const PullRequestAnswer = z
  .object({
    id: z.int(),
    number: z.int(),
    html_url: z.string(),
    title: z.string(),
    body: z.string().nullish(),
    state: z.enum(['open', 'closed']),
    draft: z.boolean().nullish(),
    merged_at: z.string().nullish(),
    merge_commit_sha: z.string().nullish(),
    user: author.nullish(),
    head: z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: z.int() }).nullish() }),
    base: z.object({ ref: z.string() }),
  })
  .transform(
    (answer): PullRequest => ({
      id: answer.id,
      number: answer.number,
      url: answer.html_url,
      title: answer.title,
      body: answer.body ?? '',
      open: answer.state === 'open',
      draft: answer.draft ?? false,
      merged: Boolean(answer.merged_at),
      // Before the merge GitHub puts a trial merge there.
      mergeCommit: answer.merged_at ? (answer.merge_commit_sha ?? null) : null,
      author: answer.user ?? null,
      head: { branch: answer.head.ref, sha: answer.head.sha, repositoryId: answer.head.repo?.id ?? null },
      base: { branch: answer.base.ref },
    }),
  )

export interface NewPullRequest {
  branch: string
  base: string
  title: string
  body: string
  /** Wanted as a draft; where the plan has none it becomes a normal one (see the answer's `draft`). */
  draft?: boolean
}

export interface PullRequests {
  get(repository: RepositoryRef, number: number): Promise<PullRequest>
  /**
   * Opens a pull request between two branches of the repository. `validation` when one exists for the branch,
   * or there is nothing between the branches; after `uncertain` look with `findByBranch`.
   */
  create(repository: RepositoryRef, wanted: NewPullRequest): Promise<PullRequest>
  /** The pull request of a branch of this repository: the open one, else the newest, else null. */
  findByBranch(repository: RepositoryRef, branch: string): Promise<PullRequest | null>
}

export function createPullRequests(client: Client): PullRequests {
  return {
    get: ({ owner, name: repo, ...repository }, number) =>
      client.call(repository, 'pulls/get', { owner, repo, pull_number: number }, PullRequestAnswer),
    async create({ owner, name: repo, ...repository }, { branch: head, base, title, body, draft }) {
      const parameters = { owner, repo, head, base, title, body }
      if (draft !== true) return client.call(repository, 'pulls/create', parameters, PullRequestAnswer)
      try {
        return await client.call(repository, 'pulls/create', { ...parameters, draft }, PullRequestAnswer)
      } catch (error) {
        if (!(isGitHubError(error, 'validation') && /draft/i.test(error.message))) throw error
        return client.call(repository, 'pulls/create', parameters, PullRequestAnswer)
      }
    },
    async findByBranch({ owner, name: repo, ...repository }, branch) {
      const head = `${owner}:${branch}`
      const parameters = {
        owner,
        repo,
        head,
        state: 'all',
        sort: 'created',
        direction: 'desc',
        per_page: 30,
      } as const
      const all = await client.call(repository, 'pulls/list', parameters, z.array(PullRequestAnswer))
      // GitHub ignores a `head` that it cannot read and then lists everything.
      const ours = all.filter(
        (pull) => pull.head.branch === branch && pull.head.repositoryId === repository.repositoryId,
      )
      return ours.find((pull) => pull.open) ?? ours[0] ?? null
    },
  }
}
