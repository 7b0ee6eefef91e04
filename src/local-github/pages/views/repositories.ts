import { canSee } from '../../auth/rights.ts'
import { html } from '../html.ts'
import { ago } from '../pieces.ts'
import { type PageHandler, repositoryPath } from '../visit.ts'

/** `/`: the repositories that the visitor may see. */
export const showRepositories: PageHandler = async (visit) => {
  const { context, actor } = visit
  const { store } = context
  const seen = store.repositories.all().filter((repository) => canSee(actor, repository))
  const rows = seen.map((repository) => {
    const path = repositoryPath(context, repository)
    const open = store.issues.inRepository(repository.id).filter((issue) => issue.state === 'open')
    const pulls = open.filter((issue) => issue.pull).length
    return html`<li class="row"><div class="grow">
      <a class="title" href="${path}">${store.repositories.fullName(repository)}</a> <span class="badge">${repository.private ? 'Private' : 'Public'}</span>
      ${repository.description && html`<p class="muted">${repository.description}</p>`}
      <p class="small muted"><a href="${path}/issues">${open.length - pulls} open issues</a> · <a href="${path}/pulls">${pulls} open pull requests</a> · pushed ${ago(repository.pushedAt, context.now())}</p>
    </div></li>`
  })
  const empty = html`<p class="empty">No repository that you may see.</p>`
  const body = html`<h1>Repositories</h1><div id="repositories" data-live>${rows.length > 0 ? html`<ul class="list">${rows}</ul>` : empty}</div>`
  return { kind: 'page', status: 200, title: 'Repositories', body }
}
