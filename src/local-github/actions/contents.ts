import type { Actor } from '../auth/actor.ts'
import { canSee, hasRole } from '../auth/rights.ts'
import type { LocalGitHubContext } from '../context.ts'
import { GitHostError } from '../git/host.ts'
import type { Repository } from '../store/repository.ts'
import { type Person, personOf } from '../store/user.ts'
import { done, isArchived, notFound, type Outcome, refuse } from './outcome.ts'
import { protectionRefusal } from './protection.ts'
import { noObject, recordPush } from './pushes.ts'

export interface FileInput {
  path: string
  /** `null` deletes the file. */
  content: Uint8Array | null
  message: string
  branch?: string
  /** The blob that is replaced: 409 when it is another one by now; needed when the file exists. */
  sha?: string
  author?: Person
}

/** Writes one file as one commit on a branch; needs write. Emits `push`. Answers with the commit. */
export async function writeFile(
  context: LocalGitHubContext,
  actor: Actor,
  repository: Repository,
  input: FileInput,
): Promise<Outcome<{ commit: string; created: boolean }>> {
  const refusal = writeRefusal(actor, repository, input.path)
  if (refusal) return refusal
  const fullName = context.store.repositories.fullName(repository)
  const branch = input.branch ?? repository.defaultBranch
  const tip = await context.git.branch(fullName, branch)
  if (tip === null && input.branch !== undefined && (await context.git.branches(fullName)).length > 0)
    return refuse(404, `Branch ${branch} not found`)
  const present = tip === null ? null : await blobAt(context, fullName, tip, input.path)
  if (input.sha !== undefined && input.sha !== present)
    return refuse(409, `${input.path} does not match ${input.sha}`)
  if (input.sha === undefined && present !== null)
    return refuse(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
  const before = `Could not ${present === null ? 'create' : 'update'} file: `
  const kept = protectionRefusal(actor, repository, 'direct', branch, { status: 409, before })
  if (kept) return kept
  const commit = await commitFile(context, fullName, branch, input, personOf(actor.user))
  if (commit === null) return refuse(422, 'path contains a malformed path component')
  const ref = `refs/heads/${branch}`
  await recordPush(context, actor.user, repository, [{ ref, before: tip ?? noObject, after: commit }])
  return done({ commit, created: present === null })
}

function writeRefusal(actor: Actor, repository: Repository, path: string) {
  if (!canSee(actor, repository)) return notFound()
  if (repository.archived) return isArchived()
  if (!hasRole(actor, repository, 'write')) return notFound()
  const isApp = actor.kind === 'installation'
  if (isApp && path.startsWith('.github/workflows/') && actor.permissions.workflows !== 'write')
    return refuse(403, 'Resource not accessible by integration')
  return null
}

async function commitFile(
  context: LocalGitHubContext,
  fullName: string,
  branch: string,
  input: FileInput,
  author: Person,
): Promise<string | null> {
  try {
    return await context.git.commitFiles(fullName, branch, {
      files: { [input.path]: input.content },
      message: input.message,
      author: input.author ?? author,
    })
  } catch (error) {
    if (error instanceof GitHostError && error.code === 'bad_path') return null
    throw error
  }
}

/** The blob of a file at a revision; `null` when there is no such file. */
export async function blobAt(
  context: LocalGitHubContext,
  fullName: string,
  revision: string,
  path: string,
): Promise<string | null> {
  const directory = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
  const entries = await context.git.listTree(fullName, revision, directory)
  return entries?.find((entry) => entry.path === path && entry.type === 'blob')?.sha ?? null
}
