import type { ServerResponse } from 'node:http'
import { pullOnlyBranches } from './actions/protection.ts'
import type { Actor } from './auth/actor.ts'
import { actorOfToken } from './auth/authenticate.ts'
import { canSee, hasRole } from './auth/rights.ts'
import type { LocalGitHubContext } from './context.ts'
import type { GitAuthorizationRequest, GitVerdict } from './git/http.ts'
import { covers } from './permissions.ts'
import type { Repository } from './store/repository.ts'

const hidden: GitVerdict = { status: 404, message: 'Repository not found.' }

/** Who may fetch from and push to a repository over git; the password is the token, the user name counts for nothing. */
export function authorizeGit(context: LocalGitHubContext, request: GitAuthorizationRequest): GitVerdict {
  const { repositories } = context.store
  const actor = request.token === null ? null : actorOfToken(context, request.token)
  if (actor && 'ok' in actor)
    return actor.status === 401
      ? { status: 401, message: 'Invalid username or token.' }
      : { status: 403, message: actor.message }
  const repository = repositories.byFullName(request.fullName)
  if (repository) return verdictFor(context, actor, repository, request.write)
  const moved = repositories.byFormerName(request.fullName)
  if (moved && canSee(actor, moved)) return { status: 301, location: `/${repositories.fullName(moved)}.git` }
  return actor ? hidden : { status: 401 }
}

function verdictFor(
  context: LocalGitHubContext,
  actor: Actor | null,
  repository: Repository,
  write: boolean,
): GitVerdict {
  const fullName = context.store.repositories.fullName(repository)
  if (!actor && (write || repository.private)) return { status: 401 }
  if (!canSee(actor, repository) || lacksContents(actor, repository, 'read')) return hidden
  const denied = `Permission to ${fullName}.git denied to ${actor?.user.login ?? 'anonymous'}.`
  if (write && repository.archived)
    return { status: 403, message: 'This repository was archived so it is read-only.' }
  if (write && (!hasRole(actor, repository, 'write') || lacksContents(actor, repository, 'write')))
    return { status: 403, message: denied }
  return {
    status: 200,
    actor: actor?.user.login ?? 'anonymous',
    mayWriteWorkflows: actor?.kind !== 'installation' || actor.permissions.workflows === 'write',
    fullName,
    protectedBranches: [...repository.protection.keys()],
    pullOnlyBranches: pullOnlyBranches(actor, repository),
  }
}

function lacksContents(actor: Actor | null, repository: Repository, level: 'read' | 'write'): boolean {
  if (actor?.kind !== 'installation') return false
  const own = hasRole(actor, repository, 'write')
  if (!own) return level === 'write' || repository.private
  return !covers(actor.permissions, { permission: 'contents', level })
}

/** Lets the work happen but cuts the connection where its answer would go. */
export function cutAnswer(response: ServerResponse): void {
  response.writeHead = () => response
  response.write = () => true
  response.end = () => {
    response.destroy()
    return response
  }
}
