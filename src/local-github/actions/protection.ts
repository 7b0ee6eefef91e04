import type { Actor } from '../auth/actor.ts'
import { hasRole } from '../auth/rights.ts'
import { protectionWords } from '../git/words.ts'
import type { Repository } from '../store/repository.ts'
import { type Refusal, type RefusalStatus, refuseWith } from './outcome.ts'

const protectionDocs = 'https://docs.github.com/articles/about-protected-branches'

export type ProtectedAct = keyof typeof protectionWords

/** Branches that this actor may change through a pull request only. */
export function pullOnlyBranches(actor: Actor | null, repository: Repository): string[] {
  if (hasRole(actor, repository, 'admin')) return []
  return [...repository.protection]
    .filter(([, { pullRequestsOnly }]) => pullRequestsOnly)
    .map(([name]) => name)
}

/** Why a branch may not be rewritten, deleted or changed directly; `null` when it may. */
export function protectionRefusal(
  actor: Actor,
  repository: Repository,
  act: ProtectedAct,
  branch: string,
  say: { status?: RefusalStatus; before?: string } = {},
): Refusal | null {
  const forbidden =
    act === 'direct'
      ? pullOnlyBranches(actor, repository).includes(branch)
      : repository.protection.has(branch)
  const { before = '', status = 422 } = say
  return forbidden ? refuseWith(protectionDocs, status, before + protectionWords[act]) : null
}
