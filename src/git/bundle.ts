import type { Git } from './run.ts'

export interface BundleRequest {
  gitDir: string
  /** The environment of a quarantine, when the commits lie in one. */
  env?: Record<string, string>
  branch: string
  sha: string
  /** Commits that whoever unpacks the bundle has already: the tip of the default branch. */
  have: readonly string[]
  maxBytes: number
}

/**
 * The commits of a branch as a git bundle, to be kept outside of any mirror. Throws `GitError` when it would be
 * larger than `maxBytes`. Written by hand because `git bundle create` wants a ref, and a quarantine has none.
 * https://git-scm.com/docs/gitformat-bundle
 */
export async function createBundle(git: Git, request: BundleRequest): Promise<Buffer> {
  const { gitDir, env = {}, branch, sha, have, maxBytes } = request
  const wanted = [sha, ...have.map((known) => `^${known}`)].join('\n')
  const pack = await git.run(
    ['pack-objects', '--revs', '--thin', '--stdout', '--quiet', '--delta-base-offset'],
    {
      gitDir,
      env,
      input: `${wanted}\n`,
      maxOutputBytes: maxBytes,
      timeoutMs: 5 * 60 * 1000,
    },
  )
  const prerequisites = have.map((known) => `-${known}\n`).join('')
  return Buffer.concat([
    Buffer.from(`# v2 git bundle\n${prerequisites}${sha} refs/heads/${branch}\n\n`),
    pack.stdout,
  ])
}
