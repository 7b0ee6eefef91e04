import type { Kysely } from 'kysely'
import { findSession, lockSession, type Session } from '../db/repositories/sessions.ts'
import { lockTask, type Task } from '../db/repositories/tasks.ts'
import type { Database } from '../db/schema.ts'
import { isLive } from '../domain/session.ts'
import { type ServerKeys, sessionOfToken } from '../runtime/keys.ts'
import { type Refusal, refuse, type Unit } from './orchestrator.ts'

/** The session that a token proves, ended or not; undefined when the token is wrong. */
export async function sessionByToken(
  db: Kysely<Database>,
  keys: ServerKeys,
  token: string,
): Promise<Session | undefined> {
  const id = sessionOfToken(token)
  const session = id === null ? undefined : await findSession(db, id)
  return session && keys.verifySessionToken(token, session.id, session.fence) ? session : undefined
}

/** Why a session may no longer act, or null while it owns its task. */
export function lostLease(session: Session, now: Date): Refusal | null {
  if (!isLive(session.status)) {
    return refuse('session_ended', `This session has ended: it is ${session.status}.`)
  }
  if (session.leaseUntil <= now) {
    return refuse('lease_lost', `The lease of this session ended at ${session.leaseUntil.toISOString()}.`)
  }
  return null
}

/** Locks a session together with its task, in the order that keeps transactions from deadlocking. */
export async function lockWithTask(
  unit: Unit,
  sessionId: number,
): Promise<{ session: Session; task: Task } | undefined> {
  const seen = await findSession(unit.trx, sessionId)
  if (seen === undefined) return undefined
  const task = await lockTask(unit.trx, seen.taskId)
  const session = await lockSession(unit.trx, sessionId)
  return task && session ? { session, task } : undefined
}
