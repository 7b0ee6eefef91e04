import { sql } from 'kysely'
import type { GitHubEvent } from '../github-events.ts'
import { nameOf, type Subject } from './subject.ts'
import type { Violation } from './violation.ts'

type Push = Extract<GitHubEvent, { type: 'push' }>

/** GitHub writes an event down a moment after its effect. */
const TOLERANCE_MS = 2_000
const BRANCHES = /^agent\/.*-(\d+)$/

/** What GitHub's log of events shows: second comments, second pull requests, pushes by whom nobody let. */
export class GitHubWatch {
  readonly #subject: Pick<Subject, 'db' | 'github'>
  readonly #comments = new Map<string, Set<number>>()
  readonly #pulls = new Map<string, Set<number>>()
  #pushes: Push[] = []
  #last = 0

  constructor(subject: Pick<Subject, 'db' | 'github'>) {
    this.#subject = subject
  }

  /** Looks at what is new. Pushes wait while the database cannot be asked: it throws then, and may be called again. */
  async check(): Promise<Violation[]> {
    for (const event of await this.#subject.github.events(this.#last)) {
      this.#last = Math.max(this.#last, event.id)
      this.#take(event)
    }
    const violations: Violation[] = [
      ...several(this.#comments, 'one-status-comment', 'status comments'),
      ...several(this.#pulls, 'one-pull-request', 'pull requests'),
    ]
    while (this.#pushes[0] !== undefined) {
      const violation = await this.#judge(this.#pushes[0])
      if (violation !== null) violations.push(violation)
      this.#pushes.shift()
    }
    return violations
  }

  #take(event: GitHubEvent): void {
    if (event.type === 'push') {
      if (BRANCHES.test(event.branch)) this.#pushes.push(event)
      return
    }
    const own = event.type === 'status-comment'
    const number = own ? event.issue : (event.closes ?? Number(BRANCHES.exec(event.branch)?.[1]))
    if (!Number.isInteger(number)) return
    const seen = own ? this.#comments : this.#pulls
    const name = nameOf(event.repository, number)
    const ids = seen.get(name) ?? new Set()
    seen.set(name, ids.add(own ? event.comment : event.number))
  }

  async #judge(push: Push): Promise<Violation | null> {
    const intents = await intentsOf(this.#subject.db, push)
    const reasons = intents.map((intent) => whyTooLate(push, intent))
    if (reasons.includes(null)) return null
    const because = intents.length === 0 ? 'no session has asked to publish it' : reasons.join('; ')
    return {
      invariant: 'fencing',
      subject: `${push.repository} ${push.branch} ${push.sha.slice(0, 12)}`,
      detail: `pushed by ${push.by} at ${new Date(push.at).toISOString()}: ${because}`,
      ...(intents[0] ? { taskId: intents[0].taskId } : {}),
    }
  }
}

function several(
  seen: ReadonlyMap<string, ReadonlySet<number>>,
  invariant: 'one-status-comment' | 'one-pull-request',
  what: string,
): Violation[] {
  return [...seen].flatMap(([subject, ids]) =>
    ids.size > 1 ? [{ invariant, subject, detail: `${ids.size} ${what}: ${[...ids].join(', ')}` }] : [],
  )
}

/** The intent of a publish with its session, as far as the fence asks. */
export interface PublishIntent {
  taskId: number
  sessionId: number
  createdAt: Date
  leaseUntil: Date
  /** When the outcome `published` was written down; null while it was not. */
  publishedAt: Date | null
  status: string
  endedAt: Date | null
  /** When the next session of the task was made; null when there is none. */
  nextSessionAt: Date | null
}

async function intentsOf(db: Subject['db'], push: Push): Promise<PublishIntent[]> {
  const { rows } = await sql<PublishIntent>`
    select s.task_id, s.id as session_id, c.created_at, c.lease_until, s.status, s.ended_at,
      case when c.state = 'done' then c.finished_at end as published_at,
      (select min(l.created_at) from sessions l where l.task_id = s.task_id and l.fence > s.fence) as next_session_at
    from outbound_calls c join sessions s on s.id = c.session_id join projects p on p.id = c.project_id
    where c.kind = 'publish' and c.intent->>'newSha' = ${push.sha} and c.intent->>'branch' = ${push.branch}
      and p.owner_login || '/' || p.name = ${push.repository}`.execute(db)
  return rows
}

/** Why a push that GitHub took was not covered by this intent; null when it was. */
export function whyTooLate(push: { at: number }, intent: PublishIntent): string | null {
  const { endedAt, publishedAt } = intent
  // what was known to be published before the session ended was published before it ended
  if (publishedAt !== null && (endedAt === null || publishedAt <= endedAt)) return null
  const after = (time: Date | null): boolean => time !== null && push.at > time.getTime() + TOLERANCE_MS
  const session = `session ${intent.sessionId}`
  if (push.at < intent.createdAt.getTime() - TOLERANCE_MS) return `${session} asked for it only later`
  if (after(intent.leaseUntil)) return `the time in which ${session} might publish was over`
  if (after(intent.nextSessionAt)) return `the task belonged to a later session than ${session}`
  // a session that is done may still wait for its own push
  if (intent.status !== 'completed' && after(endedAt)) return `${session} had ended (${intent.status})`
  return null
}
