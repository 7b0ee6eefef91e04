/** Slugs and branch names: `agent/<first agent>-<title cut to 40>-<issue number>`. */

const titleLength = 40

/** Names of agents: lower case letters, digits and dashes, at most 39 characters, not starting with a dash. */
export const agentNamePattern = /^[a-z0-9][a-z0-9-]{0,38}$/

export function isAgentName(name: string): boolean {
  return agentNamePattern.test(name)
}

/**
 * Turns any text into `[a-z0-9-]*` of at most `limit` characters, without dashes at its ends or in a row. Letters
 * with marks are folded (NFKD); everything else that is not a Latin letter or a digit separates words. May be empty.
 */
export function slug(text: string, limit: number = titleLength): string {
  return text
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}'’]/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, limit + 1)
    .replace(/^-/, '')
    .slice(0, limit)
    .replace(/-$/, '')
}

/**
 * The branch of a task. Always valid by `git check-ref-format`, and unique per issue number of a repository.
 * Throws a RangeError when the agent's name or the issue number could not have passed their own checks.
 */
export function branchName(input: { agent: string; title: string; issue: number }): string {
  if (!isAgentName(input.agent)) throw new RangeError(`not an agent name: ${JSON.stringify(input.agent)}`)
  if (!Number.isSafeInteger(input.issue) || input.issue < 1)
    throw new RangeError(`not an issue number: ${input.issue}`)
  const parts = [input.agent.replace(/-+$/, ''), slug(input.title), String(input.issue)]
  return `agent/${parts.filter((part) => part !== '').join('-')}`
}

/** The issue number at the end of a branch that `branchName` made, or null for any other branch. */
export function issueOfBranch(branch: string): number | null {
  const match = /^agent\/[a-z0-9][a-z0-9-]*-([1-9][0-9]*)$/.exec(branch)
  const issue = Number(match?.[1] ?? Number.NaN)
  return Number.isSafeInteger(issue) ? issue : null
}
