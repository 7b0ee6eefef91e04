import { writeFile } from '../../actions/contents.ts'
import { href, html } from '../html.ts'
import { tokenField } from '../pieces.ts'
import { inRepository, refusalPage, repositoryPath, seeOther } from '../visit.ts'

/** `/:owner/:repository/new/:branch?filename=…&value=…`: GitHub's form for a new file, filled in by the link. */
export const showNewFile = inRepository(async (visit, repository) => {
  const branch = visit.params.branch ?? ''
  const body = html`<h1>New file on <span class="branch">${branch}</span></h1>
    <form class="box pad stack" method="post" action="${repositoryPath(visit.context, repository)}${href('new', branch)}">${tokenField(visit)}
      <label>Path <input name="filename" required value="${visit.query.get('filename')}" autocomplete="off"></label>
      <label>Content <textarea class="mono" name="value" rows="18" spellcheck="false">
${visit.query.get('value')}</textarea></label>
      <label>Commit message <input name="message" value="${visit.query.get('message')}" placeholder="Create the file"></label>
      <div class="end"><button class="button primary">Commit to ${branch}</button></div></form>`
  return { kind: 'page', status: 200, title: 'New file', body, repository, tab: 'code' }
})

export const createFile = inRepository(async (visit, repository) => {
  const branch = visit.params.branch ?? ''
  const path = visit.form.get('filename') ?? ''
  const base = repositoryPath(visit.context, repository)
  const outcome = await writeFile(visit.context, visit.actor, repository, {
    path,
    branch,
    content: Buffer.from(visit.form.get('value') ?? ''),
    message: visit.form.get('message') || `Create ${path}`,
  })
  return outcome.ok
    ? seeOther(`${base}${href('blob', branch, path)}`)
    : refusalPage(visit, outcome, repository, base)
})
