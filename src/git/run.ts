import { type ChildProcessByStdio, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { type OutputPipe, openOutputPipe } from './output-pipe.ts'

/** Settings for every git that a process of ours starts. */
export interface GitOptions {
  /** PATH of the children; git itself is looked up in it. */
  path?: string
  /** More variables for the children, e.g. `HTTPS_PROXY` or `GIT_SSL_CAINFO`. */
  env?: Record<string, string>
  /** Lets remotes be local paths; only tests want that. */
  allowFile?: boolean
}

/** What one call of git may use. Times are milliseconds, sizes are bytes. */
interface RunOptions {
  gitDir?: string
  env?: Record<string, string>
  /** Configuration of this call; travels in the environment, so it may hold a credential. */
  config?: readonly (readonly [string, string])[]
  input?: string | Buffer
  timeoutMs?: number
  maxOutputBytes?: number
  /** Exit codes besides 0 that are an answer and not a failure. */
  allowExit?: readonly number[]
  /** Receives the output piece by piece instead of collecting it; answering false stops git. */
  onOutput?: (chunk: Buffer) => boolean | undefined
  signal?: AbortSignal
  /** Texts that must never appear in an error. */
  secrets?: readonly string[]
}

interface RunResult {
  code: number
  stdout: Buffer
  stderr: string
}

export interface Git {
  /** Runs git to its end. Throws `GitError` when it fails, takes too long or says too much. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>
  /** Starts git and hands over its streams; the caller ends it with `stopProcess`. */
  start(args: readonly string[], options?: StartOptions): GitProcess
  /**
   * Starts git for output of any size: it comes in a pipe of ours, which is made in `directory` and has no name there
   * any more when this answers. The caller reads it to its end and ends git with `stopProcess`.
   */
  startPiped(
    args: readonly string[],
    options: StartOptions & { directory: string },
  ): Promise<{ child: PipedGitProcess; output: OutputPipe }>
}

type StartOptions = Pick<RunOptions, 'gitDir' | 'env' | 'config'>
export type GitProcess = ChildProcessWithoutNullStreams
export type PipedGitProcess = ChildProcessByStdio<Writable, null, Readable>

export type GitFailure = 'exit' | 'timeout' | 'output' | 'aborted' | 'spawn'

/** git did not do what it was asked. `stderr` is cut and holds no credentials. */
export class GitError extends Error {
  readonly failure: GitFailure
  readonly exitCode: number | null
  readonly stderr: string

  constructor(command: string, failure: GitFailure, exitCode: number | null, stderr: string) {
    super(
      `git ${command} failed (${failure}${exitCode === null ? '' : ` ${exitCode}`}): ${stderr || 'no message'}`,
    )
    this.name = 'GitError'
    this.failure = failure
    this.exitCode = exitCode
    this.stderr = stderr
  }

  /** The repository itself is damaged: a mirror in this state is thrown away and made again. */
  get corrupt(): boolean {
    const own = this.stderr.split('\n').filter((line) => !line.startsWith('remote:'))
    return own.some((line) => CORRUPT.test(line))
  }
}

const CORRUPT =
  /bad object|is corrupt|corrupted|object file .* is empty|not a git repository|unable to (read|find) (tree|sha1|[0-9a-f]{40})|packfile .* (cannot|does not)|missing (blob|tree|commit)|bad (tree|commit) object|broken link|did not send all necessary objects|bad config|unable to parse commit|not a valid object|could not parse|invalid sha1 pointer|file .*\.pack is (far )?too/i

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin'
const DEFAULT_TIMEOUT_MS = 60_000
const DEFAULT_OUTPUT_BYTES = 16 * 1024 * 1024
const STDERR_BYTES = 16 * 1024
const STDERR_KEPT = 4000

/** Replaces everything that looks like a credential, and the given secrets themselves. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, '[redacted]')
  return clean
    .replace(/\b(Basic|Bearer)\s+[\w+/=.~-]{8,}/gi, '$1 [redacted]')
    .replace(/\b(gh[a-z]_|github_pat_|mcs?_)[\w.-]+/g, '$1[redacted]')
    .replace(/(\/\/)[^/\s@]+@/g, '$1[redacted]@')
}

/**
 * Makes the only door to git in this process. Children get an environment built from nothing: no user or system
 * configuration, no prompts, no hooks, and no protocol but http(s).
 */
export function createGit(options: GitOptions = {}): Git {
  const baseConfig: [string, string][] = [
    ['protocol.allow', 'never'],
    ['protocol.http.allow', 'always'],
    ['protocol.https.allow', 'always'],
    ['protocol.file.allow', options.allowFile ? 'always' : 'never'],
    // A redirect to another host would take the authorization header with it: see remote.ts.
    ['http.followRedirects', 'false'],
    ['http.lowSpeedLimit', '1000'],
    ['http.lowSpeedTime', '60'],
    ['core.hooksPath', '/dev/null'],
    ['core.bigFileThreshold', '32m'],
    ['gc.auto', '0'],
    ['maintenance.auto', 'false'],
    ['safe.directory', '*'],
    ['advice.detachedHead', 'false'],
  ]
  const baseEnv: Record<string, string> = {
    ...options.env,
    PATH: options.path ?? DEFAULT_PATH,
    LC_ALL: 'C',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_AUTHOR_NAME: 'Mission Control',
    GIT_AUTHOR_EMAIL: 'mission-control@localhost',
    GIT_COMMITTER_NAME: 'Mission Control',
    GIT_COMMITTER_EMAIL: 'mission-control@localhost',
  }

  const settings = ({ gitDir, env, config = [] }: StartOptions) => {
    const repository = gitDir === undefined ? {} : { GIT_DIR: gitDir }
    return {
      // A group of its own, so that git's own helpers (git-remote-https, index-pack) end with it.
      detached: true,
      cwd: gitDir ?? '/',
      env: { ...baseEnv, ...repository, ...env, ...configEnvironment([...baseConfig, ...config]) },
    }
  }
  const start: Git['start'] = (args, how = {}) =>
    spawn('git', args, { ...settings(how), stdio: ['pipe', 'pipe', 'pipe'] })
  const startPiped: Git['startPiped'] = async (args, { directory, ...how }) => {
    const output = await openOutputPipe(directory, baseEnv.PATH ?? DEFAULT_PATH)
    const stdio: ['pipe', number, 'pipe'] = ['pipe', output.fd, 'pipe']
    const child = spawn('git', args, { ...settings(how), stdio }) as PipedGitProcess
    output.release()
    return { child, output }
  }
  return { start, startPiped, run: (args, runOptions = {}) => run(start, args, runOptions) }
}

function configEnvironment(config: readonly (readonly [string, string])[]): Record<string, string> {
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(config.length) }
  for (const [index, [key, value]] of config.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key
    env[`GIT_CONFIG_VALUE_${index}`] = value
  }
  return env
}

/** Ends a git process and everything it started. Harmless when it has ended already. */
export function stopProcess(child: GitProcess | PipedGitProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function run(start: Git['start'], args: readonly string[], options: RunOptions): Promise<RunResult> {
  const child = start(args, options)
  let failure: GitFailure | null = null
  const stop = (why: GitFailure) => {
    failure ??= why
    stopProcess(child)
  }
  const timer = setTimeout(() => stop('timeout'), options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  const onAbort = () => stop('aborted')
  if (options.signal?.aborted) onAbort()
  options.signal?.addEventListener('abort', onAbort)
  const collected = collect(child, options, stop)
  try {
    // git may stop reading before the end of its input; its exit code tells whether that was a failure.
    child.stdin.on('error', () => child.stdin.destroy())
    child.stdin.end(options.input)
    const code = await exitOf(child)
    if (failure === null && collected.stopped) return { code: 0, stdout: collected.stdout(), stderr: '' }
    const stderr = redact(collected.stderr(), options.secrets).trim().slice(-STDERR_KEPT)
    if (failure === null && (code === 0 || (code !== null && options.allowExit?.includes(code)))) {
      return { code: code ?? 0, stdout: collected.stdout(), stderr }
    }
    throw new GitError(args[0] ?? '', failure ?? 'exit', code, stderr)
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', onAbort)
    stopProcess(child)
  }
}

/** The exit code, or null after a signal. Throws when git could not be started at all. */
export function exitOf(child: GitProcess | PipedGitProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new GitError('', 'spawn', null, error.message)))
    child.once('close', (code) => resolve(code))
  })
}

function collect(child: GitProcess, options: RunOptions, stop: (why: GitFailure) => void) {
  const chunks: Buffer[] = []
  const errors: Buffer[] = []
  let size = 0
  let errorSize = 0
  const state = {
    stopped: false,
    stdout: () => Buffer.concat(chunks),
    stderr: () => Buffer.concat(errors).toString(),
  }
  child.stdout.on('data', (chunk: Buffer) => {
    if (options.onOutput !== undefined) {
      if (state.stopped || options.onOutput(chunk) !== false) return
      state.stopped = true
      return stopProcess(child)
    }
    size += chunk.length
    if (size > (options.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES)) return stop('output')
    chunks.push(chunk)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    if (errorSize > STDERR_BYTES) return
    errorSize += chunk.length
    errors.push(chunk)
  })
  return state
}
