import { z } from 'zod'
import type { Clock } from '../runtime/clock.ts'
import type { Client } from './client.ts'
import { nullWhenAbsent } from './error.ts'
import type { RepositoryRef } from './repository-ref.ts'

export const rights = ['none', 'read', 'triage', 'write', 'maintain', 'admin'] as const
/** What a person may do in a repository, in GitHub's words, from least to most. */
export type Right = (typeof rights)[number]

/** True when a person with the right `has` may do what needs the right `needed`. */
export function rightSuffices(has: Right, needed: Right): boolean {
  return rights.indexOf(has) >= rights.indexOf(needed)
}

export interface Repository {
  readonly id: number
  readonly owner: string
  readonly ownerId: number
  readonly name: string
  readonly description: string
  readonly private: boolean
  readonly archived: boolean
  readonly defaultBranch: string
}

const RepositoryAnswer = z
  .object({
    id: z.int(),
    name: z.string(),
    owner: z.object({ id: z.int(), login: z.string() }),
    description: z.string().nullish(),
    private: z.boolean(),
    archived: z.boolean().optional(),
    default_branch: z.string(),
  })
  .transform(
    (answer): Repository => ({
      id: answer.id,
      owner: answer.owner.login,
      ownerId: answer.owner.id,
      name: answer.name,
      description: answer.description ?? '',
      private: answer.private,
      archived: answer.archived ?? false,
      defaultBranch: answer.default_branch,
    }),
  )
const PermissionAnswer = z.object({
  permission: z.string(),
  role_name: z.string().nullish(),
  user: z.object({ id: z.int() }).nullish(),
})
const FileAnswer = z.union([
  z
    .object({ type: z.literal('file'), encoding: z.literal('base64'), content: z.string(), sha: z.string() })
    .transform(({ content, sha }) => ({ text: Buffer.from(content, 'base64').toString('utf8'), sha })),
  // the content of files over 1 MB is left out
  z.object({ type: z.literal('file') }).transform(() => ({ unreadable: 'has more than 1 MB' })),
  z.object({ type: z.string() }).transform(({ type }) => ({ unreadable: `is a ${type}` })),
  z.array(z.unknown()).transform(() => ({ unreadable: 'is a directory' })),
])

export interface Repositories {
  get(repository: RepositoryRef): Promise<Repository>
  /**
   * The right of a person on a repository; at most 60 s old. The login finds them, the id decides: a login that
   * now belongs to somebody else has no right.
   */
  rightOf(repository: RepositoryRef, person: { id: number; login: string }): Promise<Right>
  /** Asks GitHub again at the next `rightOf`; all people of the repository without a person. */
  forgetRights(repositoryId: number, personId?: number): void
  /**
   * A file of a branch, tag or commit; null when there is nothing at the path, or why it is no text: it has more
   * than 1 MB, or is a directory, say. https://docs.github.com/rest/repos/contents#get-repository-content
   */
  file(
    repository: RepositoryRef,
    path: string,
    ref: string,
  ): Promise<{ text: string; sha: string } | { unreadable: string } | null>
}

const RIGHT_LIVES_MS = 60_000
const MOST_RIGHTS = 10_000

export function createRepositories(client: Client, clock: Clock): Repositories {
  const known = new Map<string, { right: Promise<Right>; askedAt: number }>()

  async function ask(
    { owner, name: repo, ...repository }: RepositoryRef,
    person: { id: number; login: string },
  ): Promise<Right> {
    const parameters = { owner, repo, username: person.login }
    const operation = 'repos/get-collaborator-permission-level'
    const answer = await nullWhenAbsent(client.call(repository, operation, parameters, PermissionAnswer))
    return answer?.user?.id === person.id ? rightIn(answer) : 'none'
  }

  return {
    get: (repository) =>
      client.call(
        repository,
        'repos/get',
        { owner: repository.owner, repo: repository.name },
        RepositoryAnswer,
      ),
    rightOf(repository, person) {
      const key = `${repository.repositoryId}/${person.id}`
      const now = clock.now().getTime()
      const entry = known.get(key)
      if (entry !== undefined && now - entry.askedAt < RIGHT_LIVES_MS) return entry.right
      const right = ask(repository, person)
      known.delete(key)
      known.set(key, { right, askedAt: now })
      // A failed question is no answer to remember; the caller gets the rejection itself.
      right.catch(() => known.get(key)?.right === right && known.delete(key))
      const oldest = known.size > MOST_RIGHTS ? known.keys().next().value : undefined
      if (oldest !== undefined) known.delete(oldest)
      return right
    },
    forgetRights(repositoryId, personId) {
      for (const key of known.keys()) {
        const mine =
          personId === undefined ? key.startsWith(`${repositoryId}/`) : key === `${repositoryId}/${personId}`
        if (mine) known.delete(key)
      }
    },
    async file({ owner, name: repo, ...repository }, path, ref) {
      const parameters = { owner, repo, path, ref }
      return nullWhenAbsent(client.call(repository, 'repos/get-content', parameters, FileAnswer))
    },
  }
}

/** `permission` folds triage and maintain into read and write, but is all there is for custom roles. */
function rightIn(answer: z.infer<typeof PermissionAnswer>): Right {
  const named = (name: string | null | undefined): Right | undefined => rights.find((right) => right === name)
  return named(answer.role_name) ?? named(answer.permission) ?? 'none'
}
