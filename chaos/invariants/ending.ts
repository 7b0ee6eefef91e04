import { sql } from 'kysely'
import type { Subject } from './subject.ts'

/** A task and what its sessions came to, as far as its end is judged by it. */
export interface TaskState {
  id: number
  repository: string
  number: number
  status: string
  pauseReason: string | null
  statusBecause: string | null
  needsHuman: boolean
  pullRequestNumber: number | null
  branch: string | null
  attempts: number
  maxAttempts: number
  /** Sessions that failed in a way that counts. */
  failures: number
  /** How the last session ended. */
  lastOutcome: string | null
  lastFailure: string | null
  live: number
  /** True when GitHub shows the task as it is. */
  shown: boolean
}

export async function taskStates(db: Subject['db']): Promise<TaskState[]> {
  const { rows } = await sql<TaskState>`
    select t.id, p.owner_login || '/' || p.name as repository, t.number, t.status, t.pause_reason, t.status_because,
      t.needs_human, t.pull_request_number, t.branch, t.attempts,
      (p.config #>> '{limits,max_attempts}')::int as max_attempts,
      (select count(*) from sessions s where s.task_id = t.id and s.status = 'failed' and s.failure <> 'refused') as failures,
      last.outcome as last_outcome, last.failure as last_failure,
      (select count(*) from sessions s where s.task_id = t.id and s.status in ('dispatched', 'running')) as live,
      coalesce(j.revision >= t.revision, false) as shown
    from tasks t join projects p on p.id = t.project_id
    left join projections j on j.task_id = t.id
    left join lateral (select s.outcome, s.failure from sessions s where s.task_id = t.id order by s.id desc limit 1) last
      on true`.execute(db)
  return rows
}

export type Ending =
  | 'pull request'
  | 'needs-human: failed'
  | 'needs-human: question'
  | 'needs-human: refused push'

/** How a task has ended; a text that says why it has not, or not honestly, otherwise. */
export function endingOf(task: TaskState): { ended: true; as: Ending } | { ended: false; why: string } {
  const not = (why: string) => ({ ended: false, why }) as const
  if (task.live > 0) return not(`it is ${task.status} and has a live session`)
  if (task.status === 'review' || task.status === 'done') {
    return task.pullRequestNumber === null
      ? not(`it is in ${task.status} without a pull request`)
      : { ended: true, as: 'pull request' }
  }
  if (task.status !== 'paused') return not(`it is ${task.status} (${task.statusBecause ?? 'no reason'})`)
  if (!task.needsHuman) return not(`it is paused (${task.pauseReason}) and asks nobody`)
  switch (task.pauseReason) {
    case 'failed':
      return task.attempts >= task.maxAttempts && task.failures >= task.maxAttempts
        ? { ended: true, as: 'needs-human: failed' }
        : not(`it says that it failed after ${task.failures} of ${task.maxAttempts} attempts`)
    case 'clarification':
      return task.lastOutcome === 'needs_clarification'
        ? { ended: true, as: 'needs-human: question' }
        : not(`it says that it asks, but its last session said ${task.lastOutcome}`)
    case 'needs_human':
      return task.lastFailure === 'refused'
        ? { ended: true, as: 'needs-human: refused push' }
        : not(`it says that a push was refused, but its last session ended with ${task.lastFailure}`)
    default:
      return not(`it is paused for ${task.pauseReason}`)
  }
}
