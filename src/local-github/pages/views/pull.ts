import { type PullState, pullState } from '../../actions/pull-state.ts'
import type { CommitInfo } from '../../git/host.ts'
import { isPull, type PullIssue } from '../../store/issue.ts'
import type { Repository } from '../../store/repository.ts'
import { type Html, html } from '../html.ts'
import { ago, personName, stateBadge, tokenField } from '../pieces.ts'
import { atIssue, issuePath, repositoryPath, type Visit } from '../visit.ts'
import {
  renderCommentForm,
  renderComments,
  renderDescription,
  renderSidebar,
  renderTitle,
} from './conversation.ts'
import { renderFiles } from './diff.ts'

/** `/:owner/:repository/pull/:number`: conversation, merge box, commits and the diff, all asked of git. */
export const showPull = atIssue(async (visit, repository, issue) => {
  if (!isPull(issue)) return { kind: 'redirect', status: 302, location: issuePath(visit.context, issue) }
  const state = await pullState(visit.context, issue)
  const { commits, files } = state.comparison
  const body = html`${renderTitle(visit, issue)}${renderSubline(visit, issue, commits.length)}
    <div class="columns"><div class="main stack">${renderDescription(visit, issue)}
      <section id="commits" data-live><h2>Commits <span class="count">${commits.length}</span></h2>${renderCommits(visit, repository, commits)}</section>
      ${renderComments(visit, issue)}<section id="merge" data-live>${renderMergeBox(visit, repository, issue, state)}</section>
      ${renderCommentForm(visit, issue)}</div>${renderSidebar(visit, issue)}</div>
    <section id="files" data-live><h2>Files changed</h2>${renderFiles(files)}</section>`
  return {
    kind: 'page',
    status: 200,
    title: `${issue.title} · #${issue.number}`,
    body,
    repository,
    tab: 'pulls',
  }
})

function renderSubline(visit: Visit, issue: PullIssue, commits: number): Html {
  const { store, now } = visit.context
  const merged = issue.pull.merged
  const who = store.users.require(merged ? merged.byId : issue.authorId)
  const verb = merged ? 'merged' : 'wants to merge'
  return html`<p class="subline" id="subline" data-live>${stateBadge(issue)} <span class="muted">${personName(who)} ${verb} ${commits} ${commits === 1 ? 'commit' : 'commits'}
    into <span class="branch">${issue.pull.baseRef}</span> from <span class="branch">${issue.pull.headRef}</span> ${merged && ago(merged.at, now())}</span></p>`
}

function renderCommits(visit: Visit, repository: Repository, commits: readonly CommitInfo[]): Html {
  const base = repositoryPath(visit.context, repository)
  const rows = commits.map(
    (commit) =>
      html`<li class="row slim"><a class="grow" href="${base}/commit/${commit.sha}">${commit.message.split('\n')[0]}</a><span class="small muted">${commit.author.name}</span><code class="small">${commit.sha.slice(0, 7)}</code></li>`,
  )
  return html`<ul class="list">${rows}</ul>`
}

const METHODS = [
  ['merge', 'Create a merge commit'],
  ['squash', 'Squash and merge'],
  ['rebase', 'Rebase and merge'],
] as const

function renderMergeBox(visit: Visit, repository: Repository, issue: PullIssue, state: PullState): Html {
  const { merged } = issue.pull
  const base = repositoryPath(visit.context, repository)
  if (merged) {
    return html`<div class="box pad merge merged"><strong>Merged</strong> <span class="muted">as <a href="${base}/commit/${merged.sha}"><code>${merged.sha.slice(0, 7)}</code></a></span></div>`
  }
  if (issue.state === 'closed')
    return html`<div class="box pad merge refused"><strong>Closed</strong> <span class="muted">without a merge.</span></div>`
  if (!state.mergeable) {
    return html`<div class="box pad merge refused"><strong>This branch has conflicts</strong> <span class="muted">with ${issue.pull.baseRef}; they have to be solved on <span class="branch">${issue.pull.headRef}</span> first.</span></div>`
  }
  if (issue.pull.draft)
    return html`<div class="box pad merge draft"><strong>This is a draft.</strong> <span class="muted">It has no conflicts with ${issue.pull.baseRef}.</span></div>`
  const choices = METHODS.filter(([method]) => repository.mergeMethods[method])
  return html`<div class="box pad merge open"><p><strong>No conflicts with ${issue.pull.baseRef}</strong></p>
    <form class="line" method="post" action="${base}/pull/${issue.number}/merge">${tokenField(visit)}<input type="hidden" name="sha" value="${state.headSha}">
      <select name="method" aria-label="Merge method">${choices.map(([method, words]) => html`<option value="${method}">${words}</option>`)}</select>
      <button class="button primary">Merge pull request</button></form></div>`
}
