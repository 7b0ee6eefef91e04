import { openSync } from 'node:fs'
import { resolve } from 'node:path'
import { chooseAccount } from '../src/db/embedded/account.ts'
import { ensureCluster } from '../src/db/embedded/cluster.ts'
import { prepareDirectory } from '../src/db/embedded/directory.ts'
import { urlOf } from '../src/db/embedded/postmaster.ts'
import { preparePrograms } from '../src/db/embedded/programs.ts'
import { type Program, start } from './processes.ts'

/** What is committed is on the disk: a kill -9 may lose nothing. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_connections: '120',
  shared_buffers: '64MB',
  jit: 'off',
  timezone: 'UTC',
}

/**
 * Makes a cluster and says how its server is started: always on the same port, so that a killed one comes back where
 * it was. `startEmbeddedPostgres` was refused: it takes another port at every start.
 */
export async function preparePostgres(
  directory: string,
  port: number,
  log: string,
): Promise<{ url: string; program: Program }> {
  const layout = await prepareDirectory(resolve(directory))
  const account = await chooseAccount(layout.pgdata)
  const programs = await preparePrograms(layout.root, account)
  const password = await ensureCluster(layout, programs, account, true)
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const { file, options } = programs.launch('postgres', layout.root)
  const output = openSync(log, 'a', 0o600)
  return {
    url: urlOf(port, password),
    program: {
      name: 'postgres',
      family: true,
      start: () =>
        start(file, ['-D', layout.pgdata, '-p', String(port), ...settings], { ...options, log: output }),
    },
  }
}
