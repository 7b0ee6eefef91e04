import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join, resolve } from 'node:path'

/** The programs that drivers run, and the versions against which they are tested. */
export const AGENT_PROGRAMS = {
  'claude-code': { command: 'claude', package: '@anthropic-ai/claude-code', version: '2.1.330' },
  codex: { command: 'codex', package: '@openai/codex', version: '0.169.0' },
} as const satisfies Record<string, { command: string; package: string; version: string }>
export type ProgramProvider = keyof typeof AGENT_PROGRAMS

/**
 * The path of a program: itself when it is absolute, else the first executable file of that name in the search path;
 * null when there is none.
 */
export async function findProgram(command: string, path: string): Promise<string | null> {
  const places = isAbsolute(command)
    ? [command]
    : path
        .split(delimiter)
        .filter(isAbsolute)
        .map((place) => join(place, command))
  for (const place of places) if (await isExecutable(place)) return place
  return null
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    // Missing, or not ours to run: the next place may have it.
    return false
  }
}

/** Says that a program is missing, and how to get it. */
export function missingProgram(provider: ProgramProvider, command: string): string {
  const { package: name, version } = AGENT_PROGRAMS[provider]
  const where = isAbsolute(command) ? 'is not an executable file' : 'was not found in PATH'
  return `the program ${command} ${where}: install it (npm install --global ${name}@${version}), or name it with --program`
}

/** Where programs are installed for tests and the demo; null when the environment does not say where caches are. */
export function agentsDirectory(env: Readonly<Record<string, string | undefined>>): string | null {
  if (env.MISSION_CONTROL_AGENTS_DIR) return resolve(env.MISSION_CONTROL_AGENTS_DIR)
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'mission-control', 'agents')
  return env.HOME ? join(env.HOME, '.cache', 'mission-control', 'agents') : null
}

/** Where a program of the tested version stands below that directory, whether or not it is there. */
export function installedProgram(
  provider: ProgramProvider,
  agents: string,
): { directory: string; program: string } {
  const { command, version } = AGENT_PROGRAMS[provider]
  const directory = join(agents, `${provider}-${version}`)
  return { directory, program: join(directory, 'node_modules', '.bin', command) }
}
