import { mergePull } from '../actions/merge.ts'
import { invalid } from '../actions/outcome.ts'
import { pullState } from '../actions/pull-state.ts'
import { editPull, openPull } from '../actions/pulls.ts'
import type { MergeMethod } from '../git/host.ts'
import { renderCommit, renderFile } from '../render/commit.ts'
import { renderPull, renderPullSummary } from '../render/pull.ts'
import type { PullIssue } from '../store/issue.ts'
import {
  type Answer,
  type Area,
  answer,
  bodyOf,
  created,
  ok,
  type RepositoryCall,
  text,
  type WriteCall,
} from './call.ts'
import { findPull } from './find.ts'
import { wantsDiff } from './media.ts'
import { byTime, paged } from './paging.ts'

function list(call: RepositoryCall) {
  const { context, query, repository } = call
  const owner = context.store.users.require(repository.ownerId).login.toLowerCase()
  const { state = 'open', head, base } = query
  // GitHub ignores a `head` that has no owner in front.
  const wanted = String(head ?? '').includes(':') ? String(head) : null
  const [user = '', branch = ''] = wanted?.split(/:(.*)/s) ?? []
  const rows = context.store.issues
    .pulls(repository.id)
    .filter(
      (issue) =>
        (state === 'all' || issue.state === state) &&
        (wanted === null || (user.toLowerCase() === owner && issue.pull.headRef === branch)) &&
        (base === undefined || issue.pull.baseRef === base),
    )
  const isUpdated = query.sort === 'updated'
  const time = (issue: PullIssue) => (isUpdated ? issue.updatedAt : issue.createdAt)
  const direction = query.direction ?? (query.sort === undefined ? 'desc' : 'asc')
  return paged(call, byTime(rows, time, direction), (issue) => renderPullSummary(context, issue))
}

async function show(call: RepositoryCall, issue: PullIssue): Promise<Answer> {
  if (!wantsDiff(call)) return ok(await renderPull(call.context, issue))
  const { comparison } = await pullState(call.context, issue)
  return {
    status: 200,
    raw: { type: 'application/vnd.github.diff; charset=utf-8', content: comparison.diff },
  }
}

function create(call: WriteCall) {
  const { actor, context, repository } = call
  const body = bodyOf(call)
  const title = text(body.title)
  if (title === undefined) return invalid({ resource: 'PullRequest', code: 'missing_field', field: 'title' })
  const opened = openPull(context, actor, repository, {
    title,
    body: text(body.body) ?? null,
    head: String(body.head),
    base: String(body.base),
    draft: body.draft === true,
  })
  return answer(opened, async (issue) => created(await renderPull(context, issue)))
}

function update(call: WriteCall) {
  const { actor, context } = call
  const found = findPull(call)
  if (!found.ok) return found
  const body = bodyOf(call)
  const [title, description, base] = [text(body.title), text(body.body), text(body.base)]
  const state = body.state as 'open' | 'closed' | undefined
  const edited = editPull(context, actor, found.value, {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { body: description }),
    ...(state && { state }),
    ...(base !== undefined && { base }),
  })
  return answer(edited, async (issue) => ok(await renderPull(context, issue)))
}

function merge(call: WriteCall) {
  const { actor, context } = call
  const found = findPull(call)
  if (!found.ok) return found
  const body = bodyOf(call)
  const [title, message, sha] = [text(body.commit_title), text(body.commit_message), text(body.sha)]
  const merged = mergePull(context, actor, found.value, {
    method: (body.merge_method as MergeMethod | undefined) ?? 'merge',
    ...(title !== undefined && { title }),
    ...(message !== undefined && { message }),
    ...(sha !== undefined && { sha }),
  })
  return answer(merged, (result) =>
    ok({ sha: result.sha, merged: true, message: 'Pull Request successfully merged' }),
  )
}

/** Pull requests, computed by git. */
export const pullsArea: Area = {
  reads: {
    'pulls/list': list,
    'pulls/get': (call) => answer(findPull(call), (issue) => show(call, issue)),
    'pulls/list-files': (call) =>
      answer(findPull(call), async (issue) => {
        const { comparison, headSha } = await pullState(call.context, issue)
        return paged(call, comparison.files, (file) =>
          renderFile(call.context, call.repository, headSha, file),
        )
      }),
    'pulls/list-commits': (call) =>
      answer(findPull(call), async (issue) => {
        const { comparison } = await pullState(call.context, issue)
        return paged(call, comparison.commits, (commit) =>
          renderCommit(call.context, call.repository, commit),
        )
      }),
  },
  writes: { 'pulls/create': create, 'pulls/update': update, 'pulls/merge': merge },
}
