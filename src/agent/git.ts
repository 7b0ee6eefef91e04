import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { signalProcess } from './strays.ts'

type GitResult = { code: number; stdout: string; stderr: string }

/** Sent to this address and to no other. */
export type GitCredential = { url: string; username: string; password: string }

export type GitCall = {
  directory?: string
  input?: string
  signal?: AbortSignal
  credential?: GitCredential
}

/** Runs git with an environment built from nothing. `run` answers with any exit status, `read` throws unless it is 0. */
export type Git = {
  run(args: readonly string[], call?: GitCall): Promise<GitResult>
  read(args: readonly string[], call?: GitCall): Promise<string>
  /** As `run`, again after each of the pauses while the failure is one of the network. */
  transfer(args: readonly string[], call: GitCall): Promise<GitResult>
}

type GitOptions = {
  path: string
  author: { name: string; email: string }
  /** More variables, such as proxies and certificates. */
  variables?: Record<string, string>
  retryMs?: readonly number[]
}

/** A git command failed although it had no right to; the message is git's own. */
export class GitError extends Error {
  override readonly name = 'GitError'
}

/**
 * Settings that no repository may change: its program could have written hooks, or a watcher that git starts.
 * A redirect could carry the credential elsewhere.
 */
const FIXED_SETTINGS: readonly [string, string][] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.quotePath', 'false'],
  ['commit.gpgSign', 'false'],
  ['credential.helper', ''],
  ['gc.autoDetach', 'false'],
  ['maintenance.autoDetach', 'false'],
  ['http.followRedirects', 'false'],
  ['http.lowSpeedLimit', '1'],
  ['http.lowSpeedTime', '120'],
  ['fetch.recurseSubmodules', 'false'],
  ['push.recurseSubmodules', 'no'],
]

const ABORT_MS = 1_000

const NETWORK_FAILURE =
  /could not resolve host|failed to connect|couldn't connect|connection (refused|reset|timed out)|returned error: 5\d\d|early eof|unexpected disconnect|empty reply/i

export function createGit(options: GitOptions): Git {
  const run = (args: readonly string[], call: GitCall = {}) =>
    execute(args, environment(options, call.credential), call)
  return {
    run,
    async read(args, call) {
      const result = await run(args, call)
      if (result.code !== 0) throw gitFailure(args, result)
      return result.stdout
    },
    async transfer(args, call) {
      for (const pause of options.retryMs ?? []) {
        const result = await run(args, call)
        if (result.code === 0 || call.signal?.aborted || !NETWORK_FAILURE.test(result.stderr)) return result
        await delay(pause)
      }
      return run(args, call)
    },
  }
}

export function gitFailure(args: readonly string[], result: GitResult): GitError {
  const command = args.find((arg) => !arg.startsWith('-')) ?? ''
  return new GitError(`git ${command}: ${result.stderr.trim() || `exit status ${result.code}`}`)
}

function environment(options: GitOptions, credential: GitCredential | undefined): Record<string, string> {
  const settings = [...FIXED_SETTINGS, ...(credential ? [authorization(credential)] : [])]
  const { name, email } = options.author
  return {
    ...options.variables,
    PATH: options.path,
    // Not the session's HOME: a program could have left a .netrc or a .gitconfig there.
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  }
}

/** In the environment: arguments are seen by every user of the machine, and a stored config outlives the session. */
function authorization(credential: GitCredential): [string, string] {
  const basic = Buffer.from(`${credential.username}:${credential.password}`).toString('base64')
  return [`http.${credential.url}.extraHeader`, `Authorization: Basic ${basic}`]
}

function execute(args: readonly string[], env: Record<string, string>, call: GitCall): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    if (call.signal?.aborted) return resolve({ code: 128, stdout: '', stderr: 'stopped before it began' })
    const cwd = call.directory ?? '/'
    const child = spawn('git', args, { env, cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    let killer: NodeJS.Timeout | undefined
    // SIGTERM first: git then removes its lock files. To the whole group: git-remote-https does the transfer.
    const abort = () => {
      if (child.pid === undefined) return
      const group = -child.pid
      signalProcess(group, 'SIGTERM')
      killer = setTimeout(() => signalProcess(group, 'SIGKILL'), ABORT_MS)
    }
    call.signal?.addEventListener('abort', abort)
    // Node answers ENOENT also when it is the directory that is missing.
    const reason = call.directory === undefined ? 'git cannot be started' : 'the working copy is gone'
    child.on('error', (error) => reject(new GitError(`${reason} (${error.message})`)))
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    // A git that refuses early closes its stdin; its exit status says why, the broken pipe does not.
    child.stdin.on('error', () => undefined)
    child.on('close', (code) => {
      clearTimeout(killer)
      call.signal?.removeEventListener('abort', abort)
      const stderr = Buffer.concat(err).toString('utf8')
      resolve({ code: code ?? 128, stdout: Buffer.concat(out).toString('utf8'), stderr })
    })
    child.stdin.end(call.input)
  })
}

/** The version of git in the search path; null when there is none, or one before 2.31 (settings by environment). */
export async function usableGit(path: string): Promise<string | null> {
  const git = createGit({ path, author: { name: 'runner', email: 'runner@localhost' } })
  const result = await git.run(['version']).catch(() => null)
  const [version, major, minor] = /(\d+)\.(\d+)/.exec(result?.stdout ?? '') ?? []
  if (version === undefined) return null
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 31) ? version : null
}
