import { mkdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { POST_RECEIVE, PRE_RECEIVE } from './hooks.ts'
import { GitHostError } from './objects.ts'

/**
 * As GitHub: `refs/pull/*` can be fetched but not pushed (git then answers "deny updating a hidden ref"),
 * partial clones and fetching by id work, and objects are checked on arrival.
 */
const CONFIG = `[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogAllRefUpdates = false
[http]
\treceivepack = true
[receive]
\thideRefs = refs/pull
\tfsckObjects = true
\tautogc = false
\tadvertisePushOptions = true
[transfer]
\thideRefs = refs/internal
[uploadpack]
\tallowFilter = true
\tallowTipSHA1InWant = true
\tallowReachableSHA1InWant = true
[gc]
\tauto = 0
`

/** Makes an empty bare repository by writing its few files: `git init` would cost a process. Throws `exists`. */
export async function createBare(directory: string, defaultBranch: string): Promise<void> {
  if (await exists(directory)) throw new GitHostError('exists', `${path.basename(directory)} exists already`)
  for (const inner of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'hooks']) {
    await mkdir(path.join(directory, inner), { recursive: true })
  }
  await Promise.all([
    writeFile(path.join(directory, 'HEAD'), `ref: refs/heads/${defaultBranch}\n`),
    writeFile(path.join(directory, 'config'), CONFIG),
    writeFile(path.join(directory, 'hooks/pre-receive'), PRE_RECEIVE, { mode: 0o755 }),
    writeFile(path.join(directory, 'hooks/post-receive'), POST_RECEIVE, { mode: 0o755 }),
  ])
}

export async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}
