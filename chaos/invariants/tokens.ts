import type { Subject } from './subject.ts'
import type { Violation } from './violation.ts'

const PATIENCE_MS = 10_000
const AT_ONCE = 8

/** A session that has ended, and where its token must open nothing. */
interface Ended {
  id: number
  fence: number
  taskId: number
  repository: string
}

/**
 * Tries tokens of ended sessions at the gateway.
 * @param most how many, chosen at random; all when left out
 */
export async function checkTokens(
  subject: Pick<Subject, 'db' | 'keys' | 'gatewayUrl'>,
  most?: number,
): Promise<{ violations: Violation[]; unanswered: number }> {
  const waiting = await endedSessions(subject.db, most)
  const violations: Violation[] = []
  let unanswered = 0
  const worker = async (): Promise<void> => {
    for (let session = waiting.pop(); session !== undefined; session = waiting.pop()) {
      const status = await tryToken(subject, session)
      if (status === null || status >= 500) unanswered += 1
      else if (status < 400) {
        const detail = `the gateway answered ${status} to the token of a session that has ended`
        const { id, taskId } = session
        violations.push({ invariant: 'no-live-token', subject: `session ${id}`, detail, taskId })
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return { violations, unanswered }
}

async function endedSessions(db: Subject['db'], most: number | undefined): Promise<Ended[]> {
  const rows = await db
    .selectFrom('sessions')
    .innerJoin('projects', 'projects.id', 'sessions.projectId')
    .select(['sessions.id', 'fence', 'taskId', 'ownerLogin', 'name'])
    .where('endedAt', 'is not', null)
    .orderBy((eb) => eb.fn('random'))
    .$if(most !== undefined, (query) => query.limit(most ?? 0))
    .execute()
  return rows.map(({ ownerLogin, name, ...row }) => ({ ...row, repository: `${ownerLogin}/${name}` }))
}

/** The status that the gateway answers; null when it does not. */
async function tryToken(
  { keys, gatewayUrl }: Pick<Subject, 'keys' | 'gatewayUrl'>,
  { id, fence, repository }: Ended,
): Promise<number | null> {
  try {
    const response = await fetch(`${gatewayUrl}/git/${repository}.git/info/refs?service=git-upload-pack`, {
      headers: { authorization: `Bearer ${keys.sessionToken(id, fence)}` },
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    return null // a replica that was just killed or stopped: counted as unanswered
  }
}
