import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

/** The real runner as its own process, so that it can be killed. */
export interface AgentProcess {
  process: ChildProcess
  /** What it logged so far. */
  log(): string
  /** kill -9, as a machine that loses power. */
  kill(): Promise<void>
  stop(): Promise<void>
}

export async function startAgentProcess(options: {
  name: string
  key: string
  command: string
  serverUrl: string
  directory: string
}): Promise<AgentProcess> {
  const child = spawn(
    process.execPath,
    [
      CLI,
      'agent',
      '--url',
      options.serverUrl,
      '--name',
      options.name,
      '--command',
      options.command,
      '--work-dir',
      join(options.directory, `agent-${options.name}`),
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: options.directory,
        MISSION_CONTROL_AGENT_KEY: options.key,
        LOG_LEVEL: 'debug',
      },
    },
  )
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    process: child,
    log: () => log,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await ended
    },
  }
}
