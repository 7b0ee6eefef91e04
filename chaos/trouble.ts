import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Violation } from './invariants/violation.ts'
import { isDatabaseAway } from './invariants/watch.ts'
import type { World } from './world.ts'

const MOST_LINES = 20

/** What is needed to understand a violation: the task, its sessions, its events, and the ends of the servers' logs. */
export async function explain(world: World, { taskId }: Violation): Promise<string[]> {
  const history = taskId === undefined ? [] : await historyOf(world, taskId)
  const logs = await Promise.all(
    world.servers.map(async ({ name }) => {
      const text = await readFile(join(world.directory, 'logs', `${name}.log`), 'utf8')
      return text
        .trim()
        .split('\n')
        .slice(-MOST_LINES)
        .map((line) => `${name}: ${line.slice(0, 1_000)}`)
    }),
  )
  return [...history, ...logs.flat()]
}

async function historyOf({ db }: World, taskId: number): Promise<string[]> {
  try {
    const of = (table: 'sessions' | 'sessionEvents' | 'outboundCalls' | 'projections') =>
      db.selectFrom(table).selectAll().where('taskId', '=', taskId).execute()
    const task = await db.selectFrom('tasks').selectAll().where('id', '=', taskId).execute()
    const [sessions, events, calls, projections] = await Promise.all([
      of('sessions'),
      of('sessionEvents'),
      of('outboundCalls'),
      of('projections'),
    ])
    const lines = (name: string, rows: readonly object[]): string[] =>
      rows.map((row) => `${name}: ${JSON.stringify({ ...row, context: undefined, terms: undefined })}`)
    return [
      ...lines('task', task),
      ...lines('session', sessions),
      ...lines('event', events),
      ...lines('call', calls),
      ...lines('projection', projections),
    ]
  } catch (error) {
    if (!isDatabaseAway(error)) throw error
    return [`the database cannot be asked: ${error}`]
  }
}
