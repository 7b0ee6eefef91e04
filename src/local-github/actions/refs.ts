import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import { GitHostError } from '../git/host.ts'
import type { Repository } from '../store/repository.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { done, isArchived, notFound, type Outcome, type Refusal, refuse } from './outcome.ts'
import { type ProtectedAct, protectionRefusal } from './protection.ts'
import { noObject, recordPush } from './pushes.ts'

function writeRefusal(actor: Actor, repository: Repository): Refusal | null {
  if (!canSee(actor, repository) || !hasRole(actor, repository, 'write')) return notFound()
  return repository.archived ? isArchived() : null
}

/** A ref that people may move: branches and tags, full names. */
function isOpenRef(ref: string): boolean {
  return /^refs\/(heads|tags)\/[^/]/.test(ref)
}

function branchRefusal(actor: Actor, repository: Repository, act: ProtectedAct, ref: string): Refusal | null {
  const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1]
  return branch === undefined ? null : protectionRefusal(actor, repository, act, branch)
}

async function move(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  update: { ref: string; before: string | null; after: string },
): Promise<boolean> {
  const { ref, before, after } = update
  const fullName = context.store.repositories.fullName(repository)
  if (!(await context.git.setRef(fullName, ref, after, before))) return false
  await recordPush(context, actor.user, repository, [{ ref, before: before ?? noObject, after }])
  return true
}

/** Makes a branch or a tag at a commit; needs write. Emits `create` and `push`. */
export function createRef(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  input: { ref: string; sha: string },
): Promise<Outcome<{ ref: string; sha: string }>> {
  return oneAtATime(repository, async () => {
    const refusal = writeRefusal(actor, repository)
    if (refusal) return refusal
    if (!isOpenRef(input.ref)) return refuse(422, 'Reference name must start with refs/heads/ or refs/tags/.')
    const fullName = context.store.repositories.fullName(repository)
    if ((await context.git.branches(fullName)).length === 0) return refuse(409, 'Git Repository is empty.')
    if ((await context.git.resolve(fullName, input.ref)) !== null)
      return refuse(422, 'Reference already exists')
    if ((await context.git.resolve(fullName, input.sha)) !== input.sha)
      return refuse(422, 'Object does not exist')
    return moveOrRefuse(context, actor, repository, { ref: input.ref, before: null, after: input.sha })
  })
}

async function moveOrRefuse(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  update: { ref: string; before: string | null; after: string },
): Promise<Outcome<{ ref: string; sha: string }>> {
  try {
    const moved = await move(context, actor, repository, update)
    return moved ? done({ ref: update.ref, sha: update.after }) : refuse(422, 'Reference cannot be updated')
  } catch (error) {
    if (error instanceof GitHostError && error.code === 'bad_name')
      return refuse(422, `${update.ref} is not a valid ref name.`)
    throw error
  }
}

/** Moves a branch; only forward unless `force`, and a protected branch never back; needs write. Emits `push`. */
export function updateRef(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  input: { ref: string; sha: string; force: boolean },
): Promise<Outcome<{ ref: string; sha: string }>> {
  return oneAtATime(repository, async () => {
    const refusal = writeRefusal(actor, repository)
    if (refusal) return refusal
    const fullName = context.store.repositories.fullName(repository)
    const before = isOpenRef(input.ref) ? await context.git.resolve(fullName, input.ref) : null
    if (before === null) return refuse(422, 'Reference does not exist')
    if ((await context.git.resolve(fullName, input.sha)) !== input.sha)
      return refuse(422, 'Object does not exist')
    const rewrites = (await context.git.compare(fullName, before, input.sha)).behind > 0
    if (rewrites && !input.force) return refuse(422, 'Update is not a fast forward')
    if (before === input.sha) return done({ ref: input.ref, sha: before })
    const kept = branchRefusal(actor, repository, rewrites ? 'force' : 'direct', input.ref)
    if (kept) return kept
    return moveOrRefuse(context, actor, repository, { ref: input.ref, before, after: input.sha })
  })
}

/** Deletes a branch or a tag; needs write. Emits `delete` and `push`, and closes the branch's pull requests. */
export function deleteRef(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  ref: string,
): Promise<Outcome<null>> {
  return oneAtATime(repository, async () => {
    const refusal = writeRefusal(actor, repository)
    if (refusal) return refusal
    const fullName = context.store.repositories.fullName(repository)
    const before = isOpenRef(ref) ? await context.git.resolve(fullName, ref) : null
    if (before === null) return refuse(422, 'Reference does not exist')
    if (ref === `refs/heads/${repository.defaultBranch}`)
      return refuse(422, 'Cannot delete the default branch')
    const kept = branchRefusal(actor, repository, 'delete', ref)
    if (kept) return kept
    if (!(await context.git.deleteRef(fullName, ref))) return refuse(422, 'Reference does not exist')
    await recordPush(context, actor.user, repository, [{ ref, before, after: noObject }])
    return done(null)
  })
}
