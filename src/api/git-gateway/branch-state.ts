import type { Mirror } from '../../git/mirror.ts'
import type { GatewaySession, GitGatewayPort } from './port.ts'

/**
 * Where the session's branch stands: what is held for approval, else what the mirror has. The mirror counts and not
 * the last commit that we published, because people may push to the branch on GitHub. Restores held commits that this
 * replica does not have.
 */
export async function branchTip(
  port: GitGatewayPort,
  mirror: Mirror,
  session: GatewaySession,
): Promise<string | null> {
  const { branch, publishedSha, held } = session
  if (!held || publishedSha === null) return mirror.resolve(`refs/heads/${branch}`)
  await mirror.held.restore(branch, publishedSha, () => port.heldBundle(session))
  return publishedSha
}

/** The repository that a session reads from: the mirror, or one that also shows its own held commits. */
export async function readableRepository(
  port: GitGatewayPort,
  mirror: Mirror,
  session: GatewaySession,
): Promise<string> {
  const { branch, publishedSha, held, defaultBranch } = session
  await mirror.setHead(defaultBranch)
  if (!held || publishedSha === null) return mirror.path
  await branchTip(port, mirror, session)
  await mirror.held.show(branch, publishedSha, await mirror.branches(), defaultBranch)
  return mirror.held.path(branch)
}
