import { crashPoint } from '../runtime/crash-points.ts'
import { ownSettings } from './cache.ts'
import type { Git, GitCredential } from './git.ts'
import type { Workspace } from './workspace.ts'

export type PushResult = { ok: true } | { ok: false; message: string }

/**
 * Pushes `HEAD` of the worktree to the session's branch through the gateway. A refusal is answered in the words that
 * the gateway gave. The push runs on the cache, with its settings written anew: the program could have changed the
 * worktree's to send the credential elsewhere.
 */
export async function pushWork(
  git: Git,
  workspace: Workspace,
  access: { credential: GitCredential; signal: AbortSignal },
): Promise<PushResult> {
  const { cache, branch, repo } = workspace
  const call = { directory: repo, signal: access.signal }
  const head = (await git.read(['rev-parse', '--verify', 'HEAD^{commit}'], call)).trim()
  await ownSettings(cache)
  // The address, not `origin`: a push to a remote also locks its refs, on which a fetch for another session may work.
  const refspec = `${head}:refs/heads/${branch}`
  const args = ['--git-dir', cache.directory, 'push', '--no-verify', cache.url, refspec]
  crashPoint('before', 'runner push')
  const result = await git.transfer(args, access)
  crashPoint('after', 'runner push')
  if (result.code === 0) return { ok: true }
  return {
    ok: false,
    message: access.signal.aborted ? 'the time for it was over' : readRefusal(result.stderr),
  }
}

/** What a failed push said to a person: the remote's sentences and git's reason in brackets, else git's own words. */
export function readRefusal(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/).map((line) => line.trim())
  const said = lines.flatMap((line) => /^remote:\s*(.+)$/.exec(line)?.[1] ?? [])
  const reasons = lines.flatMap((line) => /^! \[[^\]]*\].*\((.+)\)$/.exec(line)?.[1] ?? [])
  const sentences = [...new Set(said)].filter((line) => line !== '')
  const brackets = [...new Set(reasons)].filter((reason) => !sentences.some((line) => line.includes(reason)))
  if (sentences.length + brackets.length === 0)
    return lines.filter((line) => line !== '').join('\n') || 'git gave no reason'
  return [...sentences, ...brackets.map((reason) => `(${reason})`)].join('\n')
}
