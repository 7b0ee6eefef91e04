import { access, chmod, constants, lstat, mkdir, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { OTHER_DIRECTORY } from './account.ts'

/** Where the files of one embedded server are. */
export interface Layout {
  /** Absolute, without symbolic links. */
  root: string
  lock: string
  log: string
  /** `pgdata` and `password`, made together and renamed here when complete. */
  cluster: string
  pgdata: string
  password: string
}

/**
 * Makes the directory of an embedded server if it is missing and says where things go in it.
 * Throws when we cannot write it, or when others could plant programs or data in it.
 */
export async function prepareDirectory(dataDir: string): Promise<Layout> {
  try {
    await makeDirectory(dataDir)
    await access(dataDir, constants.W_OK)
  } catch (error) {
    throw new Error(`${dataDir} cannot be made or written by this user: ${OTHER_DIRECTORY}`, { cause: error })
  }
  const root = await realpath(dataDir)
  const { mode } = await lstat(root)
  if (process.platform !== 'win32' && (mode & 0o002) !== 0) {
    throw new Error(`${root} may be written by every user of this machine: ${OTHER_DIRECTORY}`)
  }
  const cluster = join(root, 'cluster')
  return {
    root,
    lock: join(root, 'start.lock'),
    log: join(root, 'server.log'),
    cluster,
    pgdata: join(cluster, 'pgdata'),
    password: join(cluster, 'password'),
  }
}

/** Throws unless the path is a real directory of ours (or root's) that nobody else may write. */
export async function assertOwnDirectory(path: string): Promise<void> {
  const found = await lstat(path)
  const uid = process.getuid?.()
  const foreign = uid !== undefined && uid !== 0 && found.uid !== uid && found.uid !== 0
  const planted = uid === 0 && found.uid !== 0
  if (!found.isDirectory() || foreign || planted || (uid !== undefined && (found.mode & 0o022) !== 0)) {
    throw new Error(
      `${path} is not a directory that only this user can write: delete it, or ${OTHER_DIRECTORY}`,
    )
  }
}

/** The umask of whoever starts us may be 077, but PostgreSQL's account below root must pass through. */
async function makeDirectory(dataDir: string): Promise<void> {
  const first = await mkdir(dataDir, { recursive: true })
  if (first === undefined) return
  for (let dir = dataDir; dir.length >= first.length; dir = dirname(dir)) {
    await chmod(dir, process.getuid?.() === 0 ? 0o711 : 0o700)
  }
}
