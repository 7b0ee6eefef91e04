import { brokenRules } from '../../test/integration/database-rules.ts'
import type { Subject } from './subject.ts'
import type { Violation } from './violation.ts'

const ONE_SESSION = 'a task has at most one live session'
const SHOWN = 5

/** The rules that hold of the whole database at any moment, one live session for each task among them. */
export async function checkDatabase({ db }: Pick<Subject, 'db'>): Promise<Violation[]> {
  const broken = await brokenRules(db)
  return Object.entries(broken).map(([rule, rows]) => ({
    invariant: rule === ONE_SESSION ? 'one-session' : 'database-rules',
    subject: rule,
    detail: JSON.stringify(rows.slice(0, SHOWN)),
    ...taskOf(rule, rows[0]),
  }))
}

function taskOf(rule: string, row: unknown): { taskId?: number } {
  const { taskId, id } = (row ?? {}) as { taskId?: number; id?: number }
  if (taskId !== undefined) return { taskId }
  return id !== undefined && /^(a|only a ready|what a) task|^what a task/.test(rule) ? { taskId: id } : {}
}
