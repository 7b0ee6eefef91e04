import { html } from '../html.ts'
import { ago, personName, stateBadge } from '../pieces.ts'
import { atIssue, issuePath } from '../visit.ts'
import {
  renderCommentForm,
  renderComments,
  renderDescription,
  renderSidebar,
  renderTitle,
} from './conversation.ts'

/** `/:owner/:repository/issues/:number`; leads to the pull request when it is one. */
export const showIssue = atIssue(async (visit, repository, issue) => {
  const { context } = visit
  if (issue.pull) return { kind: 'redirect', status: 302, location: issuePath(context, issue) }
  const author = context.store.users.require(issue.authorId)
  const comments = context.store.comments.ofIssue(issue.id).length
  const body = html`${renderTitle(visit, issue)}
    <p class="subline" id="subline" data-live>${stateBadge(issue)} <span class="muted">${personName(author)} opened this ${ago(issue.createdAt, context.now())} · ${comments} ${comments === 1 ? 'comment' : 'comments'}</span></p>
    <div class="columns"><div class="main stack">${renderDescription(visit, issue)}${renderComments(visit, issue)}${renderCommentForm(visit, issue)}</div>${renderSidebar(visit, issue)}</div>`
  return {
    kind: 'page',
    status: 200,
    title: `${issue.title} · #${issue.number}`,
    body,
    repository,
    tab: 'issues',
  }
})
