import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Account, OTHER_DIRECTORY } from './account.ts'
import type { Layout } from './directory.ts'
import type { Programs } from './programs.ts'

/** The database role that owns everything in an embedded cluster. */
export const ROLE = 'mission_control'

const UNFINISHED = 'cluster-unfinished-'

/**
 * Makes the cluster if there is none, and gives back its password. Must be called under the start lock.
 * It is made beside its place and renamed when complete: an interrupted first start leaves nothing
 * that looks ready.
 * @param durable false skips the flush to disk; for tests
 */
export async function ensureCluster(
  layout: Layout,
  programs: Programs,
  account: Account | null,
  durable: boolean,
): Promise<string> {
  const major = await readFile(join(layout.pgdata, 'PG_VERSION'), 'utf8').catch(nullWhenMissing)
  if (major === null) {
    await removeUnfinished(layout.root)
    await createCluster(layout, programs, account, durable)
  } else if (major.trim() !== programs.major) {
    throw new Error(
      `${layout.root} holds data of PostgreSQL ${major.trim()}, this is PostgreSQL ${programs.major}: dump it with the old version and load it into the new one, or ${OTHER_DIRECTORY}`,
    )
  }
  return readPassword(layout)
}

/** The password of a cluster that exists. */
export async function readPassword(layout: Layout): Promise<string> {
  try {
    return (await readFile(layout.password, 'utf8')).trim()
  } catch (error) {
    throw new Error(
      `the password of the database cannot be read from ${layout.password}: start Mission Control as the user who made it, or ${OTHER_DIRECTORY}`,
      { cause: error },
    )
  }
}

async function createCluster(
  layout: Layout,
  programs: Programs,
  account: Account | null,
  durable: boolean,
): Promise<void> {
  const directory = join(layout.root, UNFINISHED + randomBytes(6).toString('hex'))
  const pgdata = join(directory, 'pgdata')
  const pwfile = join(directory, 'initdb-password')
  const password = randomBytes(24).toString('hex')
  await mkdir(pgdata, { recursive: true, mode: 0o700 })
  await chmod(directory, 0o711)
  await writeFile(join(directory, 'password'), password, { mode: 0o600 })
  await writeFile(pwfile, password, { mode: 0o600 })
  if (account !== null) {
    await chown(pgdata, account.uid, account.gid)
    await chown(pwfile, account.uid, account.gid)
  }
  const options = ['-A', 'scram-sha-256', `--pwfile=${pwfile}`, '-E', 'UTF8', '--data-checksums']
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const speed = durable ? [] : ['--no-sync']
  await programs.run('initdb', ['-D', pgdata, '-U', ROLE, ...options, ...locale, ...speed], directory)
  await rm(pwfile)
  await rename(directory, layout.cluster)
}

async function removeUnfinished(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (name.startsWith(UNFINISHED)) await rm(join(root, name), { recursive: true, force: true })
  }
}

function nullWhenMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
