import { html } from '../html.ts'
import { inRepository, repositoryPath } from '../visit.ts'
import { renderList } from './issue-list.ts'

/** `/:owner/:repository/pulls` */
export const showPulls = inRepository(async (visit, repository) => {
  const pulls = visit.context.store.issues.pulls(repository.id)
  const path = `${repositoryPath(visit.context, repository)}/pulls`
  const body = html`${renderList(visit, pulls, path)}`
  return {
    kind: 'page',
    status: 200,
    title: `Pull requests · ${repository.name}`,
    body,
    repository,
    tab: 'pulls',
  }
})
