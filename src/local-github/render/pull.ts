import { baseTip, headTip, type PullState, pullState } from '../actions/pull-state.ts'
import type { LocalGitHubContext } from '../context.ts'
import type { PullIssue } from '../store/issue.ts'
import type { Repository } from '../store/repository.ts'
import { nodeId } from '../store/table.ts'
import type { Json } from '../webhooks/event.ts'
import { renderCommon } from './issue.ts'
import { renderRepository, repositoryApiUrl, repositoryUrl } from './repository.ts'
import { time } from './time.ts'
import { renderUser } from './user.ts'

function side(context: LocalGitHubContext, repository: Repository, ref: string, sha: string): Json {
  const owner = context.store.users.require(repository.ownerId)
  return {
    label: `${owner.login}:${ref}`,
    ref,
    sha,
    user: renderUser(context, owner),
    repo: {
      ...renderRepository(context, repository),
      allow_squash_merge: repository.mergeMethods.squash,
      allow_merge_commit: repository.mergeMethods.merge,
      allow_rebase_merge: repository.mergeMethods.rebase,
      allow_auto_merge: false,
      delete_branch_on_merge: repository.deleteBranchOnMerge,
      allow_update_branch: false,
      use_squash_pr_title_as_default: false,
      squash_merge_commit_message: 'COMMIT_MESSAGES',
      squash_merge_commit_title: 'COMMIT_OR_PR_TITLE',
      merge_commit_message: 'PR_TITLE',
      merge_commit_title: 'MERGE_MESSAGE',
    },
  }
}

function addresses(self: string, page: string, api: string, number: number, headSha: string): Json {
  const parts = {
    self,
    html: page,
    issue: `${api}/issues/${number}`,
    comments: `${api}/issues/${number}/comments`,
    review_comments: `${self}/comments`,
    review_comment: `${api}/pulls/comments{/number}`,
    commits: `${self}/commits`,
    statuses: `${api}/statuses/${headSha}`,
  }
  return {
    url: self,
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: parts.issue,
    commits_url: parts.commits,
    review_comments_url: parts.review_comments,
    review_comment_url: parts.review_comment,
    comments_url: parts.comments,
    statuses_url: parts.statuses,
    _links: Object.fromEntries(Object.entries(parts).map(([name, href]) => [name, { href }])),
  }
}

function renderWith(
  context: LocalGitHubContext,
  issue: PullIssue,
  tips: { headSha: string; baseSha: string },
): Json {
  const repository = context.store.repositories.require(issue.repositoryId)
  const api = repositoryApiUrl(context, repository)
  const page = `${repositoryUrl(context, repository)}/pull/${issue.number}`
  const { pull } = issue
  const { comments: _, ...common } = renderCommon(context, repository, issue)
  return {
    ...addresses(`${api}/pulls/${issue.number}`, page, api, issue.number, tips.headSha),
    id: pull.id,
    node_id: nodeId('PR', pull.id),
    ...common,
    merged_at: pull.merged && time(pull.merged.at),
    merge_commit_sha: pull.merged?.sha ?? null,
    requested_reviewers: [],
    requested_teams: [],
    draft: pull.draft,
    head: side(context, repository, pull.headRef, tips.headSha),
    base: side(context, repository, pull.baseRef, tips.baseSha),
    auto_merge: null,
  }
}

/** GitHub's `pull-request-simple`, for lists. */
export async function renderPullSummary(context: LocalGitHubContext, issue: PullIssue): Promise<Json> {
  const [headSha, baseSha] = await Promise.all([headTip(context, issue), baseTip(context, issue)])
  return renderWith(context, issue, { headSha, baseSha: baseSha ?? headSha })
}

function mergeableState(issue: PullIssue, state: PullState): string {
  if (state.mergeable === null) return 'unknown'
  if (!state.mergeable) return 'dirty'
  return issue.pull.draft ? 'draft' : 'clean'
}

/** GitHub's `pull-request`: the summary and what git counts. */
export async function renderPull(context: LocalGitHubContext, issue: PullIssue): Promise<Json> {
  const state = await pullState(context, issue)
  const { files, commits } = state.comparison
  const { merged } = issue.pull
  const total = (count: (file: (typeof files)[number]) => number) =>
    files.reduce((sum, file) => sum + count(file), 0)
  return {
    ...renderWith(context, issue, state),
    merged: merged !== null,
    mergeable: state.mergeable,
    rebaseable: state.mergeable,
    mergeable_state: mergeableState(issue, state),
    merged_by: merged && renderUser(context, context.store.users.require(merged.byId)),
    comments: context.store.comments.ofIssue(issue.id).length,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: commits.length,
    additions: total((file) => file.additions),
    deletions: total((file) => file.deletions),
    changed_files: files.length,
  }
}
