import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import type { Driver, DriverEvent, DriverResult } from '../../../src/agent/drivers/driver.ts'
import { sessionMarker } from '../../../src/agent/environment.ts'
import { createHalt, type Halt } from '../../../src/agent/halt.ts'
import { until } from '../../harness/wait.ts'

const run = promisify(execFile)

export const PROMPT = '# Add a greeting\n\nPlease.\n'

/** A session's directory with a worktree as the runner makes them, in which a driver works without a runner. */
export type DriverSession = {
  directory: string
  repo: string
  home: string
  halt: Halt
  events: DriverEvent[]
  /** What the driver's events said so far. */
  messages(): string[]
  work(driver: Driver, model?: string | null): Promise<DriverResult>
  /** Waits until the program has said something. */
  told(text: string): Promise<void>
  git(...args: string[]): Promise<string>
}

/** @param base where the directory is made; Codex refuses to keep its helpers below the machine's temporary directory */
export async function driverSession(
  options: { base?: string; graceMs?: number } = {},
): Promise<DriverSession> {
  const directory = await mkdtemp(join(options.base ?? tmpdir(), 'mc-driver-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  const [repo, home, cache] = ['repo', 'home', 'cache.git'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  const promptFile = join(directory, 'prompt.md')
  const identity = ['-c', 'user.name=Maintainer', '-c', 'user.email=maintainer@example.com']
  const git = async (...args: string[]): Promise<string> =>
    (await run('git', args, { cwd: repo, env: { PATH: process.env.PATH, HOME: home } })).stdout.trim()
  await Promise.all([mkdir(home), mkdir(join(directory, 'tmp')), mkdir(repo), writeFile(promptFile, PROMPT)])
  await writeFile(join(home, '.gitconfig'), '[user]\n\tname = worker\n\temail = worker@example.com\n')
  await run('git', ['init', '--quiet', '--bare', '--template=', cache])
  const tree = (await run('git', ['--git-dir', cache, 'write-tree'])).stdout.trim()
  const commit = (
    await run('git', ['--git-dir', cache, ...identity, 'commit-tree', '-m', 'Start', tree])
  ).stdout.trim()
  await run('git', ['--git-dir', cache, 'worktree', 'add', '--quiet', '-B', 'work', repo, commit])

  const halt = createHalt(10_000)
  onTestFinished(() => halt.close())
  const events: DriverEvent[] = []
  const messages = () => events.flatMap((event) => (event.type === 'message' ? [event.text] : []))
  return {
    directory,
    repo,
    home,
    halt,
    events,
    messages,
    git,
    async told(text) {
      await until(`the program says ${text}`, () => messages().some((said) => said.includes(text)))
    },
    async work(driver, model = null) {
      return driver.run({
        place: {
          directory: repo,
          environment: {
            PATH: process.env.PATH ?? '',
            HOME: home,
            TMPDIR: join(directory, 'tmp'),
            LANG: 'C.UTF-8',
            LC_ALL: 'C.UTF-8',
            GIT_CONFIG_NOSYSTEM: '1',
            MISSION_CONTROL_PROMPT_FILE: promptFile,
            MISSION_CONTROL_USAGE_FILE: join(directory, 'usage.json'),
          },
          marker: sessionMarker(home),
          graceMs: options.graceMs ?? 2_000,
        },
        directory,
        gitDirectories: [cache, await git('rev-parse', '--absolute-git-dir')],
        promptFile,
        usageFile: join(directory, 'usage.json'),
        model,
        halt,
        emit: (event) => events.push(event),
      })
    },
  }
}
