import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Driver } from './driver.ts'

const HERE = import.meta.url
/** `.ts` from a checkout, `.js` when built. */
const EXTENSION = HERE.endsWith('.ts') ? 'ts' : 'js'
const CLI = fileURLToPath(new URL(`../../cli.${EXTENSION}`, HERE))

/** Starts an agent of the demo as a process of its own, as a person would. Its log goes to a file. */
export function startAgent(agent: {
  name: string
  key: string
  serverUrl: string
  directory: string
  path: string
  driver: Pick<Driver, 'args' | 'env'>
}): Service & { process: ChildProcess; log: string } {
  const log = join(agent.directory, `${agent.name}.log`)
  const out = createWriteStream(log)
  const child = spawn(
    process.execPath,
    [
      CLI,
      'agent',
      '--url',
      agent.serverUrl,
      '--name',
      agent.name,
      ...agent.driver.args,
      '--work-dir',
      join(agent.directory, agent.name),
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...agent.driver.env,
        PATH: agent.path,
        HOME: agent.directory,
        MISSION_CONTROL_AGENT_KEY: agent.key,
      },
    },
  )
  child.stderr.pipe(out)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    name: `agent ${agent.name}`,
    process: child,
    log,
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(timer)
      out.end()
    },
  }
}
