import type { Config } from '../../src/config.ts'
import type { RunningServer } from '../../src/main.ts'
import { type MortalProcess, message, type ProcessFiles, startMortal } from './mortal-process.ts'

/** The server in a process of its own, which can be killed. */
export interface ServerProcess extends RunningServer, MortalProcess {}

export async function startServerProcess(config: Config, files: ProcessFiles): Promise<ServerProcess> {
  const main = new URL('server-main.ts', import.meta.url)
  const { mortal, child } = startMortal(main, files, { SERVER_CONFIG: JSON.stringify(config) })
  const ready = message(child, (value) => typeof value.url === 'string').then(({ url }) => String(url))
  // ordered to die, it may do so before it is ready
  const dead = `http://${config.host}:${config.port}`
  const url = files.dieAt === undefined ? await ready : await ready.catch(() => dead)
  return { ...mortal, url, databaseUrl: String(config.databaseUrl) }
}
