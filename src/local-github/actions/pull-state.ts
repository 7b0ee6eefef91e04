import type { LocalGitHubContext } from '../context.ts'
import type { Comparison, GitHost } from '../git/host.ts'
import type { PullIssue } from '../store/issue.ts'
import { invalid, type Refusal } from './outcome.ts'

/** What git says about a pull request right now, or said when it was closed. */
export interface PullState {
  headSha: string
  baseSha: string
  comparison: Comparison
  /** `null` when it is closed or merged. */
  mergeable: boolean | null
}

/** The ref that keeps the head of a pull request when its branch is gone; GitHub publishes the same. */
export function pullRef(issue: PullIssue): string {
  return `refs/pull/${issue.number}/head`
}

function fullNameOf(context: LocalGitHubContext, issue: PullIssue): string {
  const { repositories } = context.store
  return repositories.fullName(repositories.require(issue.repositoryId))
}

/** The head as it was when the pull request last followed its branch. */
export async function keptHead(context: LocalGitHubContext, issue: PullIssue): Promise<string> {
  const sha = await context.git.resolve(fullNameOf(context, issue), pullRef(issue))
  if (sha === null) throw new Error(`${pullRef(issue)} of ${fullNameOf(context, issue)} is missing.`)
  return sha
}

/** Remembers where the branch is now, for the time after it; a branch that is gone changes nothing. */
export async function keepHead(context: LocalGitHubContext, issue: PullIssue): Promise<void> {
  const fullName = fullNameOf(context, issue)
  const tip = await context.git.branch(fullName, issue.pull.headRef)
  if (tip !== null) await context.git.setRef(fullName, pullRef(issue), tip)
}

/** Where the head is now, or was when the pull request was closed. */
export async function headTip(context: LocalGitHubContext, issue: PullIssue): Promise<string> {
  const tip =
    issue.state === 'open' ? await context.git.branch(fullNameOf(context, issue), issue.pull.headRef) : null
  return tip ?? keptHead(context, issue)
}

/** Where the base branch is now; what it was at the end for a closed one; `null` when the branch is gone. */
export async function baseTip(context: LocalGitHubContext, issue: PullIssue): Promise<string | null> {
  return issue.pull.closedBaseSha ?? context.git.branch(fullNameOf(context, issue), issue.pull.baseRef)
}

const maxComparisons = 100
const comparisons = new WeakMap<GitHost, Map<string, Promise<Comparison>>>()

/** Two commits always compare alike, and one event asks several times: the last answers are kept. */
export function compareOnce(
  git: GitHost,
  fullName: string,
  baseSha: string,
  headSha: string,
): Promise<Comparison> {
  const known = comparisons.get(git) ?? new Map<string, Promise<Comparison>>()
  comparisons.set(git, known)
  const key = `${baseSha} ${headSha}`
  const kept = known.get(key)
  if (kept) return kept
  const asked = git.compare(fullName, baseSha, headSha)
  known.set(key, asked)
  asked.catch(() => known.delete(key))
  for (const oldest of known.keys()) if (known.size > maxComparisons) known.delete(oldest)
  return asked
}

/** Asks git for everything a pull request shows. */
export async function pullState(context: LocalGitHubContext, issue: PullIssue): Promise<PullState> {
  const fullName = fullNameOf(context, issue)
  const [headSha, tip] = await Promise.all([headTip(context, issue), baseTip(context, issue)])
  const baseSha = tip ?? headSha
  const [comparison, verdict] = await Promise.all([
    compareOnce(context.git, fullName, baseSha, headSha),
    issue.state === 'open' ? context.git.mergeable(fullName, baseSha, headSha) : null,
  ])
  return { headSha, baseSha, comparison, mergeable: verdict && verdict === 'clean' }
}

/** Why a closed pull request cannot be opened again, in GitHub's words. */
export async function reopenProblem(context: LocalGitHubContext, issue: PullIssue): Promise<Refusal | null> {
  if (issue.state === 'open') return null
  const problem = (message: string) =>
    invalid({
      resource: 'PullRequest',
      code: 'invalid',
      field: 'state',
      message: `state cannot be changed. ${message}`,
    })
  if (issue.pull.merged) return problem('The pull request cannot be reopened.')
  const fullName = fullNameOf(context, issue)
  const [head, base, kept] = await Promise.all([
    context.git.branch(fullName, issue.pull.headRef),
    context.git.branch(fullName, issue.pull.baseRef),
    keptHead(context, issue),
  ])
  if (head === null) return problem(`The ${issue.pull.headRef} branch has been deleted.`)
  if (base === null) return problem(`The ${issue.pull.baseRef} branch has been deleted.`)
  if ((await compareOnce(context.git, fullName, kept, head)).behind > 0)
    return problem(`The ${issue.pull.headRef} branch was force-pushed or recreated.`)
  return null
}
