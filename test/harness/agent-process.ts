import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

/** The real runner as its own process, so that it can be killed. */
export interface AgentProcess {
  readonly process: ChildProcess
  /** What it logged so far. */
  log(): string
  /** kill -9, as a machine that loses power. */
  kill(): Promise<void>
  stop(): Promise<void>
  /** The same runner again after it has ended: same key, same work directory. */
  start(): void
}

/** What the runner is told beside its name and its server: a shell command line for the driver `command`, or more. */
export type RunnerCommand = string | { args: string[]; env?: Record<string, string> }

type RunnerOptions = {
  name: string
  key: string
  command: RunnerCommand
  serverUrl: string
  directory: string
}

export async function startAgentProcess(options: RunnerOptions): Promise<AgentProcess> {
  let log = ''
  let child = spawnRunner(options, (text) => {
    log += text
  })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }
  return {
    get process() {
      return child
    },
    log: () => log,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    start() {
      child = spawnRunner(options, (text) => {
        log += text
      })
    },
  }
}

function spawnRunner(options: RunnerOptions, onLog: (text: string) => void): ChildProcess {
  const { name, key, command, serverUrl, directory } = options
  const workDir = join(directory, `agent-${name}`)
  const { args, env = {} } = typeof command === 'string' ? { args: ['--command', command] } : command
  const child = spawn(
    process.execPath,
    [CLI, 'agent', '--url', serverUrl, '--name', name, ...args, '--work-dir', workDir],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: directory,
        MISSION_CONTROL_AGENT_KEY: key,
        LOG_LEVEL: 'debug',
        ...env,
      },
    },
  )
  child.stderr.on('data', (chunk: Buffer) => onLog(chunk.toString()))
  return child
}
