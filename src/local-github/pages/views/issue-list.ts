import type { Issue } from '../../store/issue.ts'
import { type Html, html } from '../html.ts'
import { ago, labelButtons, labelChip, personName, stateIcon, tokenField } from '../pieces.ts'
import { inRepository, issuePath, repositoryPath, type Visit } from '../visit.ts'

const MOST_SHOWN = 200

/** `/:owner/:repository/issues`: open or closed ones, a form for a new one, label buttons on each. */
export const showIssues = inRepository(async (visit, repository) => {
  const issues = visit.context.store.issues.inRepository(repository.id).filter((issue) => !issue.pull)
  const path = `${repositoryPath(visit.context, repository)}/issues`
  const body = html`${newIssueForm(visit, path)}${renderList(visit, issues, path)}`
  return { kind: 'page', status: 200, title: `Issues · ${repository.name}`, body, repository, tab: 'issues' }
})

/** The rows of open or closed issues or pull requests with the switch between them. */
export function renderList(visit: Visit, all: readonly Issue[], path: string): Html {
  const closed = visit.query.get('state') === 'closed'
  const shown = all.filter((issue) => (issue.state === 'closed') === closed).reverse()
  const open = all.filter((issue) => issue.state === 'open').length
  const tab = (href: string, current: boolean, words: string) =>
    html`<a href="${href}"${current ? html` aria-current="page"` : null}>${words}</a>`
  const rows = shown.slice(0, MOST_SHOWN).map((issue) => renderRow(visit, issue))
  const more = shown.length - MOST_SHOWN
  return html`<div class="box" id="list" data-live>
    <div class="box-head filter">${tab(path, !closed, `${open} open`)}${tab(`${path}?state=closed`, closed, `${all.length - open} closed`)}</div>
    <ul class="list inner">${rows.length > 0 ? rows : html`<li class="empty">Nothing here.</li>`}${more > 0 && html`<li class="empty">${more} older ones are not shown.</li>`}</ul></div>`
}

function renderRow(visit: Visit, issue: Issue): Html {
  const { context } = visit
  const { store } = context
  const path = issuePath(context, issue)
  const comments = store.comments.ofIssue(issue.id).length
  const labels = issue.labelIds.map((id) => store.labels.require(id))
  return html`<li class="row">${stateIcon(issue)}<div class="grow">
    <a class="title" href="${path}">${issue.title}</a>
    <p class="small muted">#${issue.number} opened ${ago(issue.createdAt, context.now())} by ${personName(store.users.require(issue.authorId))}${comments > 0 && ` · ${comments} ${comments === 1 ? 'comment' : 'comments'}`}</p>
    ${issue.pull ? html`<div class="labels">${labels.map(labelChip)}</div>` : labelButtons(visit, issue, `${path}/labels`)}
  </div></li>`
}

function newIssueForm(visit: Visit, path: string): Html {
  const [title, body] = [visit.query.get('title') ?? '', visit.query.get('body') ?? '']
  return html`<details class="new"${title + body === '' ? null : html` open`}><summary class="button primary">New issue</summary>
    <form class="box pad stack" method="post" action="${path}">${tokenField(visit)}
      <label>Title <input name="title" required maxlength="256" value="${title}" autocomplete="off"></label>
      <label>Description <textarea name="body" rows="7" placeholder="What should be done? Markdown works.">
${body}</textarea></label>
      <div class="end"><button class="button primary">Open issue</button></div></form></details>`
}
