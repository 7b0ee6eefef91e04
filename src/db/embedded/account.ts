import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The operating system account that PostgreSQL runs as. */
export interface Account {
  name: string
  uid: number
  gid: number
}

/** What to do when a directory cannot be used; ends every refusal. */
export const OTHER_DIRECTORY = 'choose another directory with MISSION_CONTROL_DATA_DIR or set DATABASE_URL'

const CANDIDATES = ['postgres', 'nobody']

/**
 * The account for PostgreSQL, which refuses to run as root; `null` means "as we are".
 * A cluster that exists decides: it can only be served by its owner.
 * @param clusterDir PostgreSQL's own directory, which need not exist yet
 */
export async function chooseAccount(clusterDir: string): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  const accounts = parsePasswd(await readFile('/etc/passwd', 'utf8'))
  const owner = await stat(clusterDir).catch(() => null)
  if (owner !== null && owner.uid !== 0) {
    const name = accounts.find((account) => account.uid === owner.uid)?.name ?? `uid ${owner.uid}`
    return { name, uid: owner.uid, gid: owner.gid }
  }
  for (const name of CANDIDATES) {
    const account = accounts.find((candidate) => candidate.name === name)
    if (account !== undefined) return account
  }
  throw new Error(
    `PostgreSQL does not run as root and there is no account ${CANDIDATES.join(' or ')}: ` +
      'start Mission Control as another user or set DATABASE_URL',
  )
}

/**
 * Throws, with what to do, when the account cannot enter the directory or one above it.
 * Mode bits are read; access lists that say otherwise are not.
 * @param directory absolute, without symbolic links
 */
export async function assertReachable(directory: string, account: Account): Promise<void> {
  for (let dir = directory; ; dir = dirname(dir)) {
    const { mode, uid, gid } = await stat(dir)
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) {
      const where = dir === directory ? directory : `${directory} (below ${dir})`
      throw new Error(
        `${where} is not reachable by user ${account.name}, as which PostgreSQL runs because it refuses to run as root: ${OTHER_DIRECTORY}`,
      )
    }
    if (dir === dirname(dir)) return
  }
}

function parsePasswd(text: string): Account[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':')
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : []
  })
}
