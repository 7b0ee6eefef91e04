import { spawn } from 'node:child_process'
import { GitHostError } from './objects.ts'

export interface GitResult {
  code: number
  stdout: Buffer
  stderr: string
}

interface GitOptions {
  input?: string | Uint8Array
  env?: Record<string, string>
}

/** Runs git in one bare repository. `run` answers with any exit status, `read` throws unless it is 0. */
export interface Git {
  run(args: readonly string[], options?: GitOptions): Promise<GitResult>
  read(args: readonly string[], options?: GitOptions): Promise<string>
}

const LARGEST_OUTPUT = 256 * 1024 * 1024

/** Where programs are looked for when the caller names no search path. */
export const DEFAULT_SEARCH_PATH = '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin'

/** The whole environment of a git process: nothing of the machine's or the user's configuration gets in. */
export function gitEnvironment(searchPath: string): Record<string, string> {
  return {
    PATH: searchPath,
    HOME: '/nonexistent',
    LC_ALL: 'C',
    TZ: 'UTC',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
  }
}

/** Git for the bare repository in `directory`; arguments go to the process as they are, through no shell. */
export function gitIn(directory: string, searchPath: string): Git {
  const base = gitEnvironment(searchPath)
  const run = (args: readonly string[], options: GitOptions = {}) =>
    execute(['--git-dir', directory, ...args], { ...base, ...options.env }, options.input)
  return {
    run,
    async read(args, options) {
      const result = await run(args, options)
      if (result.code !== 0) throw failure(args, result)
      return result.stdout.toString('utf8')
    },
  }
}

/** The error for a git command that failed although it had no right to. */
export function failure(args: readonly string[], result: GitResult): GitHostError {
  const sentence = result.stderr.trim() || `exit status ${result.code}`
  const code = /not a git repository/.test(sentence) ? 'no_repository' : 'git_failed'
  return new GitHostError(code, `git ${args[0] ?? ''}: ${sentence}`)
}

function execute(
  args: string[],
  env: Record<string, string>,
  input: GitOptions['input'],
): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { env, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    let size = 0
    child.on('error', reject)
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > LARGEST_OUTPUT) child.kill()
      else out.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    // A git that refuses early closes its stdin; its exit status says why, the broken pipe does not.
    child.stdin.on('error', () => undefined)
    child.on('close', (code) => {
      if (size > LARGEST_OUTPUT)
        reject(new GitHostError('git_failed', `git ${args[2] ?? ''}: output over ${LARGEST_OUTPUT} bytes`))
      else
        resolve({
          code: code ?? 128,
          stdout: Buffer.concat(out),
          stderr: Buffer.concat(err).toString('utf8'),
        })
    })
    child.stdin.end(input)
  })
}
