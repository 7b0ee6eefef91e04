import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import type { Repository } from '../store/repository.ts'
import { personOf, type User } from '../store/user.ts'
import type { Json } from '../webhooks/event.ts'
import { done, invalid, isArchived, needsAdmin, notFound, type Outcome, refuse } from './outcome.ts'

export interface RepositoryInput {
  owner: User
  name: string
  description?: string | null
  private?: boolean
  /** First commit; no commits at all when left out. */
  files?: Record<string, string>
  /** `false`: like private repositories of plans without draft pull requests. */
  drafts?: boolean
}

export interface RepositoryChanges {
  name?: string
  description?: string | null
  private?: boolean
  archived?: boolean
  defaultBranch?: string
  mergeMethods?: Partial<Repository['mergeMethods']>
  deleteBranchOnMerge?: boolean
}

const namePattern = /^[\w.-]{1,100}$/

/** Why an account cannot have a repository of this name. */
export function nameRefusal(context: LocalGitHubContext, owner: User, name: string) {
  const problem = (message: string) =>
    refuse(422, 'Repository creation failed.', [
      { resource: 'Repository', code: 'custom', field: 'name', message },
    ])
  if (!namePattern.test(name) || /^\.{1,2}$|\.(git|wiki)$/i.test(name)) return problem('name is invalid')
  if (context.store.repositories.byFullName(`${owner.login}/${name}`))
    return problem('name already exists on this account')
  return null
}

/** Makes a repository with real git behind it. Emits nothing to the app: it is not installed there yet. */
export async function createRepository(
  context: LocalGitHubContext,
  input: RepositoryInput,
): Promise<Outcome<Repository>> {
  const refusal = nameRefusal(context, input.owner, input.name)
  if (refusal) return refusal
  const repository = context.store.repositories.create(
    {
      ownerId: input.owner.id,
      name: input.name,
      description: input.description ?? null,
      private: input.private ?? false,
      defaultBranch: 'main',
      drafts: input.drafts ?? true,
    },
    context.now(),
  )
  const seed = input.files && {
    files: input.files,
    message: 'Initial commit',
    author: personOf(input.owner),
    branch: repository.defaultBranch,
  }
  await context.git.create(context.store.repositories.fullName(repository), seed)
  return done(repository)
}

/** Emits one `repository` event. */
export function announceRepository(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  action: string,
  extra: Json = {},
): void {
  context.webhooks.emit({ event: 'repository', action, repository, sender: actor.user, payload: extra })
}

/** Changes settings; needs admin. Emits `renamed`, `edited`, `archived`, `unarchived`, `privatized`, `publicized`. */
export async function updateRepository(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  changes: RepositoryChanges,
): Promise<Outcome<Repository>> {
  if (!canSee(actor, repository)) return notFound()
  if (!hasRole(actor, repository, 'admin')) return needsAdmin()
  if (repository.archived && changes.archived !== false) return isArchived()
  const refusal = await changeRefusal(context, repository, changes)
  if (refusal) return refusal
  await rename(context, actor, repository, changes.name)
  await editSettings(context, actor, repository, changes)
  flip(context, actor, repository, 'private', changes.private, ['privatized', 'publicized'])
  flip(context, actor, repository, 'archived', changes.archived, ['archived', 'unarchived'])
  repository.updatedAt = context.now()
  return done(repository)
}

async function changeRefusal(
  context: LocalGitHubContext,
  repository: Repository,
  changes: RepositoryChanges,
) {
  const { users, repositories } = context.store
  if (changes.name !== undefined && changes.name.toLowerCase() !== repository.name.toLowerCase()) {
    const refusal = nameRefusal(context, users.require(repository.ownerId), changes.name)
    if (refusal) return refusal
  }
  const branch = changes.defaultBranch
  if (branch !== undefined && (await context.git.branch(repositories.fullName(repository), branch)) === null)
    return invalid({
      resource: 'Repository',
      code: 'invalid',
      field: 'default_branch',
      message: `The branch ${branch} was not found. Please push that ref first or create it via the Git Data API.`,
    })
  return null
}

async function rename(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  name: string | undefined,
): Promise<void> {
  if (name === undefined || name === repository.name) return
  const from = repository.name
  await moveRepository(context, repository, { ownerId: repository.ownerId, name })
  announceRepository(context, actor, repository, 'renamed', { changes: { repository: { name: { from } } } })
}

/** Gives the repository another owner or name, in git too. */
export async function moveRepository(
  context: LocalGitHubContext,
  repository: Repository,
  to: { ownerId: number; name: string },
): Promise<void> {
  const { repositories } = context.store
  const before = repositories.fullName(repository)
  repositories.move(repository, to)
  await context.git.rename(before, repositories.fullName(repository))
}

async function editSettings(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  changes: RepositoryChanges,
): Promise<void> {
  const from: Json = {}
  if (changes.description !== undefined && changes.description !== repository.description) {
    from.description = { from: repository.description }
    repository.description = changes.description
  }
  if (changes.defaultBranch !== undefined && changes.defaultBranch !== repository.defaultBranch) {
    from.default_branch = { from: repository.defaultBranch }
    repository.defaultBranch = changes.defaultBranch
    await context.git.setDefaultBranch(context.store.repositories.fullName(repository), changes.defaultBranch)
  }
  Object.assign(repository.mergeMethods, changes.mergeMethods)
  repository.deleteBranchOnMerge = changes.deleteBranchOnMerge ?? repository.deleteBranchOnMerge
  if (Object.keys(from).length > 0)
    announceRepository(context, actor, repository, 'edited', { changes: from })
}

function flip(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  field: 'private' | 'archived',
  value: boolean | undefined,
  actions: readonly [on: string, off: string],
): void {
  if (value === undefined || value === repository[field]) return
  repository[field] = value
  announceRepository(context, actor, repository, value ? actions[0] : actions[1])
}
