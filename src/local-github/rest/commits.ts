import { notFound, type Refusal, refuse } from '../actions/outcome.ts'
import { renderCommit, renderFile } from '../render/commit.ts'
import { repositoryApiUrl, repositoryUrl } from '../render/repository.ts'
import { type Answer, type Area, ok, type RepositoryCall, text } from './call.ts'
import { wantsDiff } from './media.ts'
import { paged } from './paging.ts'

const nameOf = (call: RepositoryCall) => call.context.store.repositories.fullName(call.repository)
/** How far back a history is listed. */
const maxCommits = 10_000

async function list(call: RepositoryCall): Promise<Answer | Refusal> {
  const { context, query, repository } = call
  const revision = text(query.sha) ?? repository.defaultBranch
  const tip = await context.git.resolve(nameOf(call), revision)
  if (tip === null) {
    const isEmpty = (await context.git.branches(nameOf(call))).length === 0
    return isEmpty ? refuse(409, 'Git Repository is empty.') : notFound()
  }
  const commits = await context.git.log(nameOf(call), tip, maxCommits)
  const [since, until] = [text(query.since), text(query.until)]
  const rows = commits.filter(({ committer: { date } }) => {
    const at = Date.parse(date)
    return (
      (since === undefined || at >= Date.parse(since)) && (until === undefined || at <= Date.parse(until))
    )
  })
  return paged(call, rows, (commit) => renderCommit(context, repository, commit))
}

/** A side of a comparison: `branch` or `owner:branch` of the same owner. */
function revisionOf(call: RepositoryCall, side: string): string {
  const owner = call.context.store.users.require(call.repository.ownerId).login
  const prefix = `${owner}:`.toLowerCase()
  return side.toLowerCase().startsWith(prefix) ? side.slice(prefix.length) : side
}

function statusOf(ahead: number, behind: number): string {
  if (ahead > 0) return behind > 0 ? 'diverged' : 'ahead'
  return behind > 0 ? 'behind' : 'identical'
}

async function compare(call: RepositoryCall): Promise<Answer | Refusal> {
  const { context, params } = call
  const [, from, to] = /^(.+?)\.\.\.(.+)$/.exec(params.basehead ?? '') ?? []
  if (from === undefined || to === undefined) return notFound()
  const [base, head] = await Promise.all([
    context.git.resolve(nameOf(call), revisionOf(call, from)),
    context.git.resolve(nameOf(call), revisionOf(call, to)),
  ])
  if (base === null || head === null) return notFound()
  return showComparison(call, { base, head, from, to })
}

async function showComparison(
  call: RepositoryCall,
  sides: { base: string; head: string; from: string; to: string },
): Promise<Answer | Refusal> {
  const { context, repository } = call
  const { base, head, from, to } = sides
  const { git } = context
  const comparison = await git.compare(nameOf(call), base, head)
  if (wantsDiff(call))
    return {
      status: 200,
      raw: { type: 'application/vnd.github.diff; charset=utf-8', content: comparison.diff },
    }
  if (comparison.mergeBase === null) return refuse(404, `No common ancestor between ${from} and ${to}.`)
  const [baseCommit, common] = await Promise.all([
    git.commit(nameOf(call), base),
    git.commit(nameOf(call), comparison.mergeBase),
  ])
  if (!baseCommit || !common) throw new Error('A compared commit is missing.')
  const page = `${repositoryUrl(context, repository)}/compare`
  const paging = await paged(call, comparison.commits, (row) => renderCommit(context, repository, row))
  return {
    ...ok({
      url: `${repositoryApiUrl(context, repository)}/compare/${encodeURIComponent(`${from}...${to}`)}`,
      html_url: `${page}/${encodeURIComponent(from)}...${encodeURIComponent(to)}`,
      permalink_url: `${page}/${base}...${head}`,
      diff_url: `${page}/${encodeURIComponent(`${from}...${to}`)}.diff`,
      patch_url: `${page}/${encodeURIComponent(`${from}...${to}`)}.patch`,
      base_commit: renderCommit(context, repository, baseCommit),
      merge_base_commit: renderCommit(context, repository, common),
      status: statusOf(comparison.ahead, comparison.behind),
      ahead_by: comparison.ahead,
      behind_by: comparison.behind,
      total_commits: comparison.ahead,
      commits: paging.body,
      files: comparison.files.map((file) => renderFile(context, repository, head, file)),
    }),
    ...(paging.headers && { headers: paging.headers }),
  }
}

/** History and comparisons. */
export const commitsArea: Area = {
  reads: { 'repos/list-commits': list, 'repos/compare-commits-with-basehead': compare },
}
