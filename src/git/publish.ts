import { crashPoint } from '../runtime/crash-points.ts'
import {
  type Remote,
  RemoteError,
  type RemoteFailure,
  remoteFailure,
  remoteHead,
  remoteMessage,
  withRemote,
} from './remote.ts'
import { type Git, GitError } from './run.ts'

export interface PublishRequest {
  remote: Remote
  /** Without `refs/heads/`. */
  branch: string
  /** Where GitHub must still be; null: the branch must not exist. */
  expectedOld: string | null
  newSha: string
  /** The repository that holds the commits, when it is not the mirror: a held branch's. */
  gitDir?: string
  /** The environment of a quarantine, when the commits lie in one. */
  env?: Record<string, string>
  timeoutMs?: number
  /** Nothing is sent after it: a process that was stopped for a while must not publish for a session that is over. */
  notAfter?: Date
}

export type PublishResult =
  | { ok: true }
  | {
      ok: false
      /** `workflow`: the app may not touch workflow files, also not by a base that is older than a change of CI. */
      reason: RemoteFailure
      message: string
      /** False when nobody knows whether GitHub took the commits: ask `remoteHead` later. */
      settled: boolean
    }

const TIMEOUT_MS = 60_000
const LOOK_TIMEOUT_MS = 15_000

/**
 * Pushes one commit to one branch of GitHub, if the branch still is where it is expected. Refusals are values. After
 * an outcome that leaves doubt it looks at the branch: finding the commit there is success, whoever put it there.
 */
export async function publish(
  git: Git,
  request: PublishRequest & { gitDir: string },
): Promise<PublishResult> {
  crashPoint('before', 'git push')
  const failure = await push(git, request)
  crashPoint('after', 'git push')
  if (failure === null) return { ok: true }
  if (failure === 'too late')
    return { ok: false, reason: 'other', message: 'the time to publish it was over', settled: true }
  const reason = remoteFailure(failure)
  const refused = { ok: false, reason, message: remoteMessage(failure) } as const
  if (reason === 'workflow' || reason === 'protected' || reason === 'unauthorized')
    return { ...refused, settled: true }
  const head = await look(git, request)
  if (head === undefined) return { ...refused, settled: reason === 'not_found' || reason === 'moved' }
  return head === request.newSha ? { ok: true } : { ...refused, settled: true }
}

async function push(
  git: Git,
  request: PublishRequest & { gitDir: string },
): Promise<GitError | 'too late' | null> {
  const { remote, branch, expectedOld, newSha, gitDir } = request
  const ref = `refs/heads/${branch}`
  const lease = `--force-with-lease=${ref}:${expectedOld ?? ''}`
  const flags = ['--porcelain', '--no-verify', '--no-recurse-submodules', '--no-signed', lease]
  try {
    const result = await withRemote(remote, async ({ config, env, secrets }) => {
      const leftMs = (request.notAfter?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now()
      if (leftMs <= 0) return 'too late'
      return git.run(['push', ...flags, '--', remote.url, `${newSha}:${ref}`], {
        gitDir,
        config,
        env: { ...request.env, ...env },
        secrets,
        timeoutMs: Math.min(request.timeoutMs ?? TIMEOUT_MS, leftMs),
        allowExit: [1],
      })
    })
    if (result === 'too late') return result
    if (result.code === 0) return null
    // The reason of a refused ref stands in the porcelain output, what GitHub says about it on stderr.
    const refusals = result.stdout
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('!'))
    const reasons = refusals.map((line) => line.slice(line.indexOf('[')))
    return new GitError('push', 'exit', result.code, [...reasons, result.stderr].join('\n'))
  } catch (error) {
    if (error instanceof GitError && error.failure !== 'spawn') return error
    throw error
  }
}

/** The branch on GitHub; null: it does not exist; undefined: GitHub did not say. */
async function look(git: Git, { remote, branch }: PublishRequest): Promise<string | null | undefined> {
  try {
    return await remoteHead(git, remote, branch, LOOK_TIMEOUT_MS)
  } catch (error) {
    if (error instanceof RemoteError) return undefined
    throw error
  }
}
