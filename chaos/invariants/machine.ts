import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { processes, type Seen } from '../processes.ts'
import type { AgentPlace, Subject } from './subject.ts'
import type { Violation } from './violation.ts'

/** A process that carries the HOME of a session. */
export interface SessionProcess {
  seen: Seen
  agent: AgentPlace
  session: number
}

export async function sessionProcesses(agents: readonly AgentPlace[]): Promise<SessionProcess[]> {
  const found: SessionProcess[] = []
  for (const seen of await processes()) {
    for (const agent of agents) {
      const start = `\0HOME=${join(agent.workDir, 'sessions')}/`
      const at = seen.environment.indexOf(start)
      if (at < 0) continue
      const session = Number.parseInt(seen.environment.slice(at + start.length), 10)
      found.push({ seen, agent, session })
    }
  }
  return found
}

/**
 * Processes of sessions that ended long ago although their runner was there to end them.
 * @param grace milliseconds that the runner has for it; 0 at the end
 */
export async function checkProcesses(
  { db, agents }: Pick<Subject, 'db' | 'agents'>,
  grace: number,
): Promise<Violation[]> {
  const found = await sessionProcesses(agents)
  const ids = [...new Set(found.map(({ session }) => session))].filter((id) => Number.isSafeInteger(id))
  if (found.length === 0) return []
  const rows =
    ids.length === 0
      ? []
      : await db.selectFrom('sessions').select(['id', 'endedAt']).where('id', 'in', ids).execute()
  const before = Date.now() - grace
  return found.flatMap(({ seen, agent, session }) => {
    const row = rows.find(({ id }) => id === session)
    const since = agent.runsSince()
    const live = row !== undefined && row.endedAt === null
    const young = grace > 0 && (since === null || since > before || (row?.endedAt && +row.endedAt > before))
    if (live || young) return []
    return [
      {
        invariant: 'no-orphan-process' as const,
        subject: `process ${seen.pid}`,
        detail: `of session ${session} of ${agent.name}, ended at ${row?.endedAt?.toISOString() ?? 'unknown'}: ${seen.command.slice(0, 200)}`,
      },
    ]
  })
}

/** Directories of sessions, which hold their worktrees. */
export async function checkDirectories(agents: readonly AgentPlace[]): Promise<Violation[]> {
  const left = await Promise.all(
    agents.map(async ({ workDir }) => {
      const sessions = join(workDir, 'sessions')
      return (await entries(sessions)).map((name) => join(sessions, name))
    }),
  )
  return left.flat().map((subject) => ({
    invariant: 'no-leftover-directory',
    subject,
    detail: 'the directory of a session is still there',
  }))
}

async function entries(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [] // the runner has not started yet
    throw error
  }
}
