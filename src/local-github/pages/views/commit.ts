import { html } from '../html.ts'
import { ago } from '../pieces.ts'
import { inRepository, notFoundPage, repositoryPath } from '../visit.ts'
import { renderFiles } from './diff.ts'

/** `/:owner/:repository/commit/:sha` */
export const showCommit = inRepository(async (visit, repository) => {
  const { context } = visit
  const sha = visit.params.sha ?? ''
  const commit = /^[0-9a-f]{7,40}$/.test(sha)
    ? await context.git.commit(context.store.repositories.fullName(repository), sha)
    : null
  if (commit === null) return notFoundPage('There is no such commit.', repository)
  const [title = '', ...rest] = commit.message.split('\n')
  const base = repositoryPath(context, repository)
  const parents = commit.parents.map(
    (parent) => html` <a href="${base}/commit/${parent}"><code>${parent.slice(0, 7)}</code></a>`,
  )
  const body = html`<section class="box pad commit"><h1>${title}</h1>${rest.length > 0 && html`<pre class="message">${rest.join('\n').trim()}</pre>`}
    <p class="small muted"><strong>${commit.author.name}</strong> committed ${ago(new Date(commit.committer.date), context.now())} · commit <code>${commit.sha}</code> · ${commit.parents.length === 0 ? 'no parent' : html`parent${parents}`}</p></section>
    ${renderFiles(commit.files)}`
  return { kind: 'page', status: 200, title, body, repository, tab: 'code' }
})
