import type { Refusal } from '../actions/outcome.ts'
import type { Actor } from '../auth/actor.ts'
import { canSee } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import type { Issue } from '../store/issue.ts'
import type { Repository } from '../store/repository.ts'
import type { User } from '../store/user.ts'
import { type Html, href, html } from './html.ts'

/** One request of a person to the pages. */
export interface Visit {
  context: LocalGitHubContext
  user: User
  actor: Actor
  formToken: string
  /** Path with query, to come back to. */
  address: string
  query: URLSearchParams
  /** The fields of a POST, which has passed the token check; empty for a GET. */
  form: URLSearchParams
  /** What the route's pattern captured, decoded. */
  params: Record<string, string>
}

export type PageAnswer =
  | { kind: 'page'; status: number; title: string; body: Html; repository?: Repository; tab?: Tab }
  | { kind: 'redirect'; status: 301 | 302 | 303; location: string }

export type Tab = 'code' | 'issues' | 'pulls'

export type PageHandler = (visit: Visit) => Promise<PageAnswer>

/** After a form: back to where its effect can be seen. */
export function seeOther(location: string): PageAnswer {
  return { kind: 'redirect', status: 303, location }
}

export function repositoryPath(context: LocalGitHubContext, repository: Repository): string {
  return href(...context.store.repositories.fullName(repository).split('/'))
}

export function issuePath(context: LocalGitHubContext, issue: Issue): string {
  const repository = context.store.repositories.require(issue.repositoryId)
  return `${repositoryPath(context, repository)}/${issue.pull ? 'pull' : 'issues'}/${issue.number}`
}

type RepositoryHandler = (visit: Visit, repository: Repository) => Promise<PageAnswer>

/** Finds the repository of the route, if the visitor may see it; a former name leads on to the present one. */
export function inRepository(handler: RepositoryHandler): PageHandler {
  return async (visit) => {
    const { repositories } = visit.context.store
    const { owner = '', repository: name = '' } = visit.params
    const present = repositories.byFullName(`${owner}/${name}`)
    if (present && canSee(visit.actor, present)) return handler(visit, present)
    const moved = present ? undefined : repositories.byFormerName(`${owner}/${name}`)
    if (!moved || !canSee(visit.actor, moved))
      return notFoundPage('There is no such repository, or you cannot see it.')
    const rest = visit.address.split('/').slice(3).join('/')
    const location = `${repositoryPath(visit.context, moved)}${rest === '' ? '' : `/${rest}`}`
    return { kind: 'redirect', status: 301, location }
  }
}

/** Finds the issue or pull request of the route by its number. */
export function atIssue(
  handler: (visit: Visit, repository: Repository, issue: Issue) => Promise<PageAnswer>,
): PageHandler {
  return inRepository(async (visit, repository) => {
    const issue = visit.context.store.issues.byNumber(repository.id, Number(visit.params.number))
    if (!issue) return notFoundPage('There is no issue or pull request with this number.', repository)
    return handler(visit, repository, issue)
  })
}

/** What a refused action shows: GitHub's status and words, and nothing done. */
export function refusalPage(
  visit: Visit,
  refusal: Refusal,
  repository: Repository,
  back: string,
): PageAnswer {
  const details = (refusal.errors ?? []).map(
    (error) => error.message ?? `${error.field ?? error.resource}: ${error.code}`,
  )
  const body = html`<section class="notice">
    <h1>Refused</h1>
    <p><strong>${refusal.message}</strong> <span class="muted">(${refusal.status})</span></p>
    ${details.length > 0 && html`<ul>${details.map((detail) => html`<li>${detail}</li>`)}</ul>`}
    <p class="muted">You are ${visit.user.login}. Nothing was changed. Go back in the browser to keep what you typed.</p>
    <p><a class="button" href="${back}">Back</a></p>
  </section>`
  return { kind: 'page', status: refusal.status, title: 'Refused', body, repository }
}

export function notFoundPage(sentence: string, repository?: Repository): PageAnswer {
  const body = html`<section class="notice"><h1>Not found</h1><p>${sentence}</p><p><a class="button" href="/">All repositories</a></p></section>`
  return { kind: 'page', status: 404, title: 'Not found', body, ...(repository && { repository }) }
}
