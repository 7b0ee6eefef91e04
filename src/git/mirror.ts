import { mkdir, readFile as readBytes, readdir } from 'node:fs/promises'
import { join, resolve as resolvePath } from 'node:path'
import { crashPoint } from '../runtime/crash-points.ts'
import { type HeldBranches, heldBranches } from './held.ts'
import { createMemo, type Memo } from './memo.ts'
import {
  discardRepository,
  ensureRepository,
  fetchedAt,
  type MirrorDirectory,
  markFetched,
  mirrorDirectory,
  removeStaleLocks,
  sweepAbandoned,
} from './mirror-directory.ts'
import {
  isAncestor,
  listFiles,
  readBranches,
  readFile,
  readSnapshot,
  resolveCommit,
  type Snapshot,
  snapshotBytes,
  type Wanted,
} from './mirror-reads.ts'
import { type PublishRequest, type PublishResult, publish } from './publish.ts'
import { openQuarantine, type Quarantine } from './quarantine.ts'
import { type Remote, RemoteError, remoteFailure, remoteHead, remoteMessage, withRemote } from './remote.ts'
import { createGit, type Git, GitError, type GitOptions } from './run.ts'

export interface MirrorOptions extends GitOptions {
  /** Directory of all mirrors. A cache: it may be deleted at any time while nothing runs. */
  root: string
  fetchTimeoutMs?: number
  /** How many packs a mirror may gather before `tidy` joins them. */
  packLimit?: number
}

export interface Mirrors {
  root: string
  git: Git
  /** The mirror of a project; costs nothing until it is used. */
  mirror(projectId: number): Mirror
}

/** A bare copy of a project's branches. Reading one that was never fetched finds an empty repository. */
export interface Mirror {
  path: string
  git: Git
  held: HeldBranches
  /**
   * Brings all branches up to date, and drops those that GitHub dropped. Calls that come while one runs share the
   * next one, so that what a caller finds afterwards is never older than its call. Throws `RemoteError`.
   */
  fetch(remote: Remote): Promise<void>
  /** Epoch milliseconds of the last complete fetch on this disk, or null. */
  fetchedAt(): Promise<number | null>
  has(sha: string): Promise<boolean>
  /** The commit that a ref or any revision names, or null. */
  resolve(revision: string): Promise<string | null>
  /** All branches, without `refs/heads/`, with their commits. Empty for a repository without commits. */
  branches(): Promise<Map<string, string>>
  /** A regular file; null when there is none at that path or when it is larger than `maxBytes`. */
  readFile(revision: string, path: string, maxBytes: number): Promise<Buffer | null>
  /** The first `limit` paths of a revision in git's order, submodules left out; empty when it does not exist. */
  listFiles(revision: string, limit: number): Promise<string[]>
  /**
   * Some files and the first paths of a commit. Remembered, because a commit never changes and starting git ten
   * times takes longer than all else in a hand-over. Throws `GitError` when the commit is not here.
   */
  snapshot(commit: string, wanted: Wanted): Promise<Snapshot>
  isAncestor(ancestor: string, descendant: string): Promise<boolean>
  /** Asks GitHub where a branch stands now, without fetching. Throws `RemoteError`. */
  remoteHead(remote: Remote, branch: string): Promise<string | null>
  /** Which branch HEAD names: what a clone checks out. */
  setHead(branch: string): Promise<void>
  /** Opens a place for one push, which may build on the held commits of one branch. The caller always discards it. */
  quarantine(heldBranch: string | null): Promise<Quarantine>
  /** Pushes one commit to GitHub; see `publish`. */
  publish(request: PublishRequest): Promise<PublishResult>
  /** Joins packs when there are many; safe beside everything else. Answers whether it did. */
  tidy(): Promise<boolean>
}

const SHA = /^[0-9a-f]{40}$/
const FETCH_TIMEOUT_MS = 10 * 60 * 1000
const TIDY_TIMEOUT_MS = 30 * 60 * 1000
/** Snapshots of all mirrors together. */
const SNAPSHOT_BYTES = 16_000_000
const LOCKED = /\.lock': File exists|cannot lock ref|unable to (create|lock)/i

/** Opens the directory of mirrors and removes what earlier processes left half-made. */
export async function openMirrors(options: MirrorOptions): Promise<Mirrors> {
  const root = resolvePath(options.root)
  await mkdir(root, { recursive: true })
  await sweepAbandoned(root, Date.now())
  const git = createGit(options)
  const snapshots = createMemo<Snapshot>(SNAPSHOT_BYTES, snapshotBytes)
  const open = new Map<number, Mirror>()
  return {
    root,
    git,
    mirror: (projectId) => {
      const known = open.get(projectId)
      if (known !== undefined) return known
      const made = createMirror(git, mirrorDirectory(root, projectId), snapshots, options)
      open.set(projectId, made)
      return made
    },
  }
}

function createMirror(
  git: Git,
  directory: MirrorDirectory,
  snapshots: Memo<Snapshot>,
  options: MirrorOptions,
): Mirror {
  const gitDir = directory.repository
  const held = heldBranches(git, directory)
  const ensure = () => ensureRepository(git, directory)
  const resolve = async (revision: string) => {
    await ensure()
    return resolveCommit(git, gitDir, revision)
  }
  return {
    path: gitDir,
    git,
    held,
    fetch: coalesced((remote) =>
      fetchInto(git, directory, remote, options.fetchTimeoutMs ?? FETCH_TIMEOUT_MS),
    ),
    fetchedAt: () => fetchedAt(directory),
    has: async (sha) => SHA.test(sha) && (await resolve(sha)) === sha,
    resolve,
    branches: async () => {
      await ensure()
      return readBranches(git, gitDir)
    },
    readFile: async (revision, path, maxBytes) => {
      const commit = await resolve(revision)
      return commit === null ? null : readFile(git, gitDir, commit, path, maxBytes)
    },
    listFiles: async (revision, limit) => {
      const commit = await resolve(revision)
      return commit === null ? [] : listFiles(git, gitDir, commit, limit)
    },
    snapshot: async (commit, wanted) => {
      if (!SHA.test(commit)) throw new RangeError('only a commit id names the same files for ever')
      return snapshots.get(`${gitDir} ${commit} ${JSON.stringify(wanted)}`, async () => {
        await ensure()
        return readSnapshot(git, gitDir, commit, wanted)
      })
    },
    isAncestor: async (ancestor, descendant) => {
      await ensure()
      return isAncestor(git, gitDir, ancestor, descendant)
    },
    remoteHead: (remote, branch) => remoteHead(git, remote, branch),
    setHead: async (branch) => {
      await ensure()
      await setHead(git, gitDir, branch)
    },
    quarantine: async (heldBranch) => {
      await ensure()
      return openQuarantine(git, directory, held, heldBranch)
    },
    publish: async (request) => {
      await ensure()
      return publish(git, { gitDir, ...request })
    },
    tidy: () => tidy(git, directory, options.packLimit ?? 40),
  }
}

/** Lets at most one call run and one wait; everybody who comes meanwhile shares the waiting one. */
function coalesced(call: (remote: Remote) => Promise<void>): (remote: Remote) => Promise<void> {
  let current: Promise<void> | null = null
  let next: Promise<void> | null = null
  const begin = (remote: Remote) => {
    current = call(remote).finally(() => {
      current = null
    })
    return current
  }
  return (remote) => {
    if (current === null) return begin(remote)
    // Its failure belongs to those who started it.
    next ??= current
      .catch(() => undefined)
      .then(() => {
        next = null
        return begin(remote)
      })
    return next
  }
}

async function fetchInto(
  git: Git,
  directory: MirrorDirectory,
  remote: Remote,
  timeoutMs: number,
): Promise<void> {
  let remade = false
  let unlocked = false
  for (;;) {
    try {
      await ensureRepository(git, directory)
      crashPoint('before', 'git fetch')
      await fetchOnce(git, directory.repository, remote, timeoutMs)
      crashPoint('after', 'git fetch')
      return await markFetched(directory)
    } catch (error) {
      if (!(error instanceof GitError)) throw error
      if (error.corrupt && !remade) {
        remade = true
        await discardRepository(directory)
      } else if (LOCKED.test(error.stderr) && !unlocked) {
        // Another replica on this disk fetches too, or one was killed while it did.
        unlocked = true
        await removeStaleLocks(directory.repository, Date.now())
      } else {
        throw new RemoteError(remoteFailure(error), remoteMessage(error))
      }
    }
  }
}

async function fetchOnce(git: Git, gitDir: string, remote: Remote, timeoutMs: number): Promise<void> {
  const flags = [
    '--quiet',
    '--prune',
    '--no-tags',
    '--force',
    '--no-write-fetch-head',
    '--no-recurse-submodules',
  ]
  await withRemote(remote, ({ config, env, secrets }) =>
    git.run(['fetch', ...flags, '--', remote.url, '+refs/heads/*:refs/heads/*'], {
      gitDir,
      config,
      env,
      secrets,
      timeoutMs,
    }),
  )
}

async function setHead(git: Git, gitDir: string, branch: string): Promise<void> {
  const head = await readBytes(join(gitDir, 'HEAD'), 'utf8')
  if (head.trim() === `ref: refs/heads/${branch}`) return
  await git.run(['symbolic-ref', 'HEAD', `refs/heads/${branch}`], { gitDir })
}

async function tidy(git: Git, directory: MirrorDirectory, packLimit: number): Promise<boolean> {
  await ensureRepository(git, directory)
  const packs = await readdir(join(directory.repository, 'objects', 'pack'))
  if (packs.filter((name) => name.endsWith('.pack')).length <= packLimit) return false
  // Unreachable objects stay for a day: a push may just be moving in, and held commits may stand on them.
  await git.run(['gc', '--quiet', '--prune=1.day.ago'], {
    gitDir: directory.repository,
    timeoutMs: TIDY_TIMEOUT_MS,
  })
  return true
}
