import type { LocalGitHubContext } from '../context.ts'
import type { Repository } from '../store/repository.ts'

/** GitHub's `author_association` of somebody with a repository. */
export function association(
  context: LocalGitHubContext,
  repository: Repository,
  userId: number,
): 'OWNER' | 'COLLABORATOR' | 'CONTRIBUTOR' | 'NONE' {
  if (repository.ownerId === userId) return 'OWNER'
  if (repository.roles.has(userId)) return 'COLLABORATOR'
  const merged = context.store.issues
    .pulls(repository.id)
    .some((issue) => issue.authorId === userId && issue.pull.merged !== null)
  return merged ? 'CONTRIBUTOR' : 'NONE'
}
