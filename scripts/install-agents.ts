/**
 * Installs the programs that drivers run, in the versions against which they are tested, into the user's cache
 * directory. What is there already is left as it is; a directory under its final name is always complete.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import {
  AGENT_PROGRAMS,
  agentsDirectory,
  findProgram,
  installedProgram,
  type ProgramProvider,
} from '../src/agent/drivers/programs.ts'

const run = promisify(execFile)
const PROVIDERS: readonly ProgramProvider[] = ['claude-code', 'codex']
const LONGEST_MS = 10 * 60_000

async function install(provider: ProgramProvider, directory: string): Promise<void> {
  const { package: name, version } = AGENT_PROGRAMS[provider]
  const installed = installedProgram(provider, directory)
  if ((await findProgram(installed.program, '')) !== null) {
    console.log(`${name} ${version} is installed: ${installed.program}`)
    return
  }
  console.log(`Installing ${name} ${version} into ${installed.directory} ...`)
  await mkdir(dirname(installed.directory), { recursive: true })
  const fresh = await mkdtemp(`${installed.directory}.new-`)
  try {
    const args = [
      'install',
      '--prefix',
      fresh,
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `${name}@${version}`,
    ]
    await run('npm', args, { timeout: LONGEST_MS, maxBuffer: 16 * 1024 * 1024 })
    await publish(fresh, installed.directory)
    if ((await findProgram(installed.program, '')) === null) {
      throw new Error(`${installed.directory} holds no ${installed.program}: remove it and try again`)
    }
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

/** Another run may have been faster: its result is as good as ours. */
async function publish(fresh: string, final: string): Promise<void> {
  try {
    await rename(fresh, final)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}

const directory = agentsDirectory(process.env)
if (directory === null) {
  console.error('MISSION_CONTROL_AGENTS_DIR is not set, and neither is HOME: say where the programs go')
  process.exitCode = 78
} else {
  for (const provider of PROVIDERS) {
    try {
      await install(provider, directory)
    } catch (error) {
      const { package: name, version } = AGENT_PROGRAMS[provider]
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
      console.error(`${name} ${version} could not be installed: is the npm registry reachable (npm ping)?`)
      console.error(said || error)
      process.exitCode = 1
    }
  }
}
