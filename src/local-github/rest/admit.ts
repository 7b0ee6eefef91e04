import type { KeyObject } from 'node:crypto'
import { notFound, type Refusal, refuse } from '../actions/outcome.ts'
import type { Actor } from '../auth/actor.ts'
import { authenticate, type Caller } from '../auth/authenticate.ts'
import { canSee } from '../auth/rights.ts'
import type { Operation } from '../openapi/description.ts'
import { acceptedHeader, appOperations, covers, permissionTable, userOperations } from '../permissions.ts'
import type { Repository } from '../store/repository.ts'
import type { RestContext } from './call.ts'

/** Key under which a caller's requests are counted. */
export function limitKeyOf(context: RestContext, caller: Caller): string {
  if (caller.kind === 'anonymous') return 'anonymous'
  if (caller.kind === 'app') return `app ${context.app.id}`
  const { actor } = caller
  return actor.kind === 'installation' ? `installation ${actor.installation.id}` : `user ${actor.user.id}`
}

/** Who calls; a refusal for bad credentials. */
export function identify(
  context: RestContext,
  publicKey: KeyObject,
  header: string | undefined,
): Caller | Refusal {
  return authenticate(context, publicKey, header)
}

const requiresAuthentication = () => refuse(401, 'Requires authentication')
const notAccessible = () => refuse(403, 'Resource not accessible by integration')

/** Whether this kind of caller may call the operation at all; permissions of installations included. */
export function operationRefusal(caller: Caller, operation: Operation): Refusal | null {
  const forApp = appOperations.includes(operation.id)
  if (forApp !== (caller.kind === 'app')) {
    if (forApp) return refuse(401, 'A JSON web token could not be decoded')
    return refuse(401, 'Bad credentials')
  }
  if (caller.kind === 'app') return null
  const isWrite = operation.method !== 'get'
  if (caller.kind === 'anonymous')
    return isWrite || userOperations.includes(operation.id) ? requiresAuthentication() : null
  if (caller.actor.kind === 'user') return null
  if (userOperations.includes(operation.id)) return notAccessible()
  return null
}

/** What an installation's permissions say about an operation on a repository it can see. */
export function permissionRefusal(
  actor: Actor | null,
  operation: Operation,
  repository: Repository,
): { refusal: Refusal; accepted: string } | null {
  const requirement = permissionTable[operation.id]
  if (actor?.kind !== 'installation' || !requirement) return null
  const installed =
    actor.installation.repositoryIds.has(repository.id) &&
    (actor.repositoryIds === null || actor.repositoryIds.has(repository.id))
  const publicRead = !repository.private && requirement.level === 'read'
  if (installed ? covers(actor.permissions, requirement) : publicRead) return null
  return { refusal: notAccessible(), accepted: acceptedHeader(requirement) }
}

export type FoundRepository =
  | { kind: 'found'; repository: Repository }
  | { kind: 'moved'; repository: Repository }
  | { kind: 'refused'; refusal: Refusal }

/** The repository that had the name in the path before it was renamed, when no other has it now. */
export function formerRepository(
  context: RestContext,
  params: Readonly<Record<string, string>>,
): Repository | undefined {
  const { repositories } = context.store
  const fullName = `${params.owner}/${params.repo}`
  return repositories.byFullName(fullName) ? undefined : repositories.byFormerName(fullName)
}

/** The repository of the path as the caller may see it. */
export function findRepository(
  context: RestContext,
  actor: Actor | null,
  params: Readonly<Record<string, string>>,
): FoundRepository {
  const repository = context.store.repositories.byFullName(`${params.owner}/${params.repo}`)
  const moved = formerRepository(context, params)
  const row = repository ?? moved
  if (!row || !canSee(actor, row)) return { kind: 'refused', refusal: notFound() }
  return { kind: moved ? 'moved' : 'found', repository: row }
}
