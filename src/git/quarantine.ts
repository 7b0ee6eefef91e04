import { once } from 'node:events'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createBundle } from './bundle.ts'
import type { HeldBranches } from './held.ts'
import {
  type InspectPlace,
  type InspectRange,
  inspectPush,
  isComplete,
  type PushInspection,
} from './inspect.ts'
import { type MirrorDirectory, ownedName } from './mirror-directory.ts'
import { exitOf, type Git, GitError, type GitProcess, redact, stopProcess } from './run.ts'

/** A place for the objects of one push. The mirror does not know them until they are accepted. */
export interface Quarantine {
  /** Lets git see the mirror and the quarantine as one. */
  env: Record<string, string>
  /**
   * Reads a pack to its end, in constant memory; also a refused one is swallowed, because git shows a broken pipe
   * otherwise. Throws what the source throws.
   */
  receive(pack: AsyncIterable<Buffer>, limits: ReceiveLimits): Promise<ReceiveResult>
  /** The commit and everything that it needs are here or in the mirror. */
  isComplete(sha: string): Promise<boolean>
  inspect(range: InspectRange): Promise<PushInspection>
  /** Moves the objects into the mirror, and the branch from `oldSha` unless a fetch has moved it meanwhile. */
  accept(branch: string, oldSha: string | null, newSha: string): Promise<void>
  /** Moves the objects to where the held commits of the branch are, and answers them as a bundle. */
  hold(branch: string, newSha: string, defaultSha: string | null, maxBytes: number): Promise<Buffer>
  discard(): Promise<void>
}

interface ReceiveLimits {
  /** Of the pack as it is sent. */
  maxBytes: number
  /** Of all its objects together: a small pack can unpack to anything. */
  maxUnpackedBytes: number
  /** Of one object; GitHub takes no file over 100 MB. */
  maxObjectBytes: number
  timeoutMs?: number
}

export type ReceiveResult =
  | { ok: true; bytes: number }
  | { ok: false; code: 'too_large' | 'unpacks_too_large' | 'malformed'; detail: string; bytes: number }

const RECEIVE_TIMEOUT_MS = 15 * 60 * 1000
const STDERR_BYTES = 8192
const INDEX_BYTES = 256 * 1024 * 1024

/** Opens a quarantine. Of held commits it sees those of the given branch alone. */
export async function openQuarantine(
  git: Git,
  directory: MirrorDirectory,
  held: HeldBranches,
  heldBranch: string | null,
): Promise<Quarantine> {
  const gitDir = directory.repository
  const own = join(directory.quarantine, ownedName('push'))
  const objects = join(own, 'objects')
  await mkdir(join(objects, 'pack'), { recursive: true })
  await mkdir(join(objects, 'info'), { recursive: true })
  const borrowed = [join(gitDir, 'objects')]
  if (heldBranch !== null) borrowed.push(join(held.path(heldBranch), 'objects'))
  // A file and not GIT_ALTERNATE_OBJECT_DIRECTORIES: in that, a colon in the path would need quoting.
  await writeFile(join(objects, 'info', 'alternates'), `${borrowed.join('\n')}\n`)
  // No single allocation of git may grow beyond this, whatever sizes a pack claims.
  const env = { GIT_OBJECT_DIRECTORY: objects, GIT_ALLOC_LIMIT: '512m' }
  const place = { git, gitDir, env }
  return {
    env,
    receive: async (pack, limits) => {
      const received = await receive(git, gitDir, env, pack, limits)
      if (!received.ok) return received
      const excess = await measure(place, objects, limits)
      return excess === null ? received : { ...excess, bytes: received.bytes }
    },
    isComplete: (sha) => isComplete(place, sha),
    inspect: (range) => inspectPush(place, range),
    accept: async (name, oldSha, newSha) => {
      await movePacks(objects, join(gitDir, 'objects'))
      await moveRef(git, gitDir, name, oldSha, newSha)
    },
    hold: async (name, newSha, defaultSha, maxBytes) => {
      const have = defaultSha === null ? [] : [defaultSha]
      const bundle = await createBundle(git, { gitDir, env, branch: name, sha: newSha, have, maxBytes })
      await movePacks(objects, join(await held.prepare(name), 'objects'))
      await held.commit(name, newSha)
      return bundle
    },
    discard: () => rm(own, { recursive: true, force: true }),
  }
}

async function receive(
  git: Git,
  gitDir: string,
  env: Record<string, string>,
  pack: AsyncIterable<Buffer>,
  limits: ReceiveLimits,
): Promise<ReceiveResult> {
  const size = `--max-input-size=${limits.maxBytes}`
  const child = git.start(['index-pack', '--stdin', '--fix-thin', '--strict', size], { gitDir, env })
  const timer = setTimeout(() => stopProcess(child), limits.timeoutMs ?? RECEIVE_TIMEOUT_MS)
  const said = lastWords(child)
  const exit = exitOf(child)
  try {
    const bytes = await pour(pack, child, limits.maxBytes)
    const code = await exit
    if (bytes > limits.maxBytes)
      return { ok: false, code: 'too_large', detail: 'the pack is too large', bytes }
    if (code === 0) return { ok: true, bytes }
    if (code === null) throw new GitError('index-pack', 'timeout', null, said())
    return { ok: false, code: 'malformed', detail: said(), bytes }
  } finally {
    clearTimeout(timer)
    stopProcess(child)
    // The objects directory must not be removed under a process that still writes into it.
    await exit.catch(() => undefined)
  }
}

/** Compares what the pack unpacks to with the limits; null: it is within them. */
async function measure({ git, gitDir, env }: InspectPlace, objects: string, limits: ReceiveLimits) {
  const names = await readdir(join(objects, 'pack'))
  const indexes = names.filter((name) => name.endsWith('.idx')).map((name) => join(objects, 'pack', name))
  let total = 0
  for (const index of indexes) {
    const { stdout } = await git.run(['show-index'], {
      input: await readFile(index),
      maxOutputBytes: INDEX_BYTES,
    })
    const ids = stdout.toString().replace(/^\d+ ([0-9a-f]+).*$/gm, '$1')
    const how = ['cat-file', '--batch-check=%(objectsize)', '--buffer']
    const sizes = await git.run(how, { gitDir, env, input: ids, maxOutputBytes: INDEX_BYTES })
    for (const size of sizes.stdout.toString().split('\n').map(Number)) {
      total += size
      if (size > limits.maxObjectBytes) return tooLarge('a file in it is larger than', limits.maxObjectBytes)
    }
  }
  return total > limits.maxUnpackedBytes ? tooLarge('it unpacks to more than', limits.maxUnpackedBytes) : null
}

function tooLarge(what: string, bytes: number) {
  return { ok: false, code: 'unpacks_too_large', detail: `${what} ${bytes / 1_000_000} MB` } as const
}

function lastWords(child: GitProcess): () => string {
  let text = ''
  child.stdout.resume()
  child.stderr.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-STDERR_BYTES)
  })
  return () => {
    const lines = redact(text)
      .split('\n')
      .filter((line) => /^(fatal|error):/.test(line))
    return lines[0]?.slice(0, 300) ?? 'the pack cannot be read'
  }
}

/** Writes the pack to git, and goes on reading it when git has stopped. Answers its size. */
async function pour(pack: AsyncIterable<Buffer>, child: GitProcess, maxBytes: number): Promise<number> {
  let bytes = 0
  let open = true
  const close = () => {
    open = false
  }
  child.stdin.on('error', close)
  child.stdin.on('close', close)
  for await (const chunk of pack) {
    bytes += chunk.length
    if (bytes > maxBytes) stopProcess(child)
    else if (open && !child.stdin.write(chunk)) await drained(child)
  }
  if (open) child.stdin.end()
  return bytes
}

async function drained(child: GitProcess): Promise<void> {
  const stop = new AbortController()
  const wait = { signal: stop.signal }
  await Promise.race([
    once(child.stdin, 'drain', wait).catch(() => undefined),
    once(child.stdin, 'close', wait).catch(() => undefined),
  ])
  stop.abort()
}

/** In git's own order: the index last, so that no reader finds an index without its pack. */
async function movePacks(from: string, to: string): Promise<void> {
  await mkdir(join(to, 'pack'), { recursive: true })
  const names = await readdir(join(from, 'pack'))
  names.sort((a, b) => Number(a.endsWith('.idx')) - Number(b.endsWith('.idx')))
  for (const name of names) await rename(join(from, 'pack', name), join(to, 'pack', name))
}

async function moveRef(
  git: Git,
  gitDir: string,
  branch: string,
  oldSha: string | null,
  newSha: string,
): Promise<void> {
  const ref = `refs/heads/${branch}`
  try {
    await git.run(['update-ref', '--no-deref', ref, newSha, oldSha ?? '0'.repeat(40)], { gitDir })
  } catch (error) {
    // A fetch came in between; it saw GitHub after the commits were published, so its word stands.
    if (error instanceof GitError && /cannot lock ref/.test(error.stderr)) return
    throw error
  }
}
