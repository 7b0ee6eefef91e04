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

export async function startAgentProcess(options: {
  name: string
  key: string
  command: string
  serverUrl: string
  directory: string
}): Promise<AgentProcess> {
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

function spawnRunner(
  options: { name: string; key: string; command: string; serverUrl: string; directory: string },
  onLog: (text: string) => void,
): ChildProcess {
  const { name, key, command, serverUrl, directory } = options
  const workDir = join(directory, `agent-${name}`)
  const child = spawn(
    process.execPath,
    [CLI, 'agent', '--url', serverUrl, '--name', name, '--command', command, '--work-dir', workDir],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: directory,
        MISSION_CONTROL_AGENT_KEY: key,
        LOG_LEVEL: 'debug',
      },
    },
  )
  child.stderr.on('data', (chunk: Buffer) => onLog(chunk.toString()))
  return child
}
