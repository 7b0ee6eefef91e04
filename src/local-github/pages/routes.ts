import { createIssue, editComment, editIssue, merge, postComment, setState, toggleLabel } from './steps.ts'
import { showBlob, showTree } from './views/code.ts'
import { showCommit } from './views/commit.ts'
import { showIssue } from './views/issue.ts'
import { showIssues } from './views/issue-list.ts'
import { createFile, showNewFile } from './views/new-file.ts'
import { showPull } from './views/pull.ts'
import { showPulls } from './views/pull-list.ts'
import { showRepositories } from './views/repositories.ts'
import { showRepository } from './views/repository.ts'
import type { PageHandler } from './visit.ts'

export interface Route {
  method: 'GET' | 'POST'
  pattern: string
  handler: PageHandler
}

const HERE = '/:owner/:repository'

/** Every page, with GitHub's own addresses. `:name` is one segment, `*name` the rest of the path. */
const ROUTES: readonly Route[] = [
  { method: 'GET', pattern: '/', handler: showRepositories },
  { method: 'GET', pattern: HERE, handler: showRepository },
  { method: 'GET', pattern: `${HERE}/tree/*rest`, handler: showTree },
  { method: 'GET', pattern: `${HERE}/blob/*rest`, handler: showBlob },
  { method: 'GET', pattern: `${HERE}/new/*branch`, handler: showNewFile },
  { method: 'POST', pattern: `${HERE}/new/*branch`, handler: createFile },
  { method: 'GET', pattern: `${HERE}/commit/:sha`, handler: showCommit },
  { method: 'GET', pattern: `${HERE}/issues`, handler: showIssues },
  { method: 'POST', pattern: `${HERE}/issues`, handler: createIssue },
  { method: 'GET', pattern: `${HERE}/issues/:number`, handler: showIssue },
  { method: 'POST', pattern: `${HERE}/issues/:number`, handler: editIssue },
  { method: 'POST', pattern: `${HERE}/issues/:number/labels`, handler: toggleLabel },
  { method: 'POST', pattern: `${HERE}/issues/:number/state`, handler: setState },
  { method: 'POST', pattern: `${HERE}/issues/:number/comments`, handler: postComment },
  { method: 'POST', pattern: `${HERE}/issues/:number/comments/:comment`, handler: editComment },
  { method: 'GET', pattern: `${HERE}/pulls`, handler: showPulls },
  { method: 'GET', pattern: `${HERE}/pull/:number`, handler: showPull },
  { method: 'POST', pattern: `${HERE}/pull/:number/merge`, handler: merge },
]

const COMPILED = ROUTES.map((route) => ({ route, expression: compile(route.pattern) }))

/** The route of a request; `route` null when the path is a page's but not with this method; null for no page. */
export function findRoute(
  method: string,
  path: string,
): { route: Route | null; params: Record<string, string> } | null {
  const wanted = method === 'HEAD' ? 'GET' : method
  let known = false
  for (const { route, expression } of COMPILED) {
    const match = expression.exec(path)
    if (!match) continue
    const params = decode(match.groups ?? {})
    if (params && route.method === wanted) return { route, params }
    known = true
  }
  return known ? { route: null, params: {} } : null
}

function compile(pattern: string): RegExp {
  const source = pattern.replace(/:(\w+)/g, '(?<$1>[^/]+)').replace(/\*(\w+)/g, '(?<$1>.+)')
  return new RegExp(`^${source}/?$`)
}

/** Null when the percent-encoding is broken. */
function decode(groups: Record<string, string>): Record<string, string> | null {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    )
  } catch (error) {
    if (error instanceof URIError) return null
    throw error
  }
}
