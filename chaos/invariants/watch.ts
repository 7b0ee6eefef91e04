import { setTimeout as delay } from 'node:timers/promises'
import { checkEnd, type Unsettled, unsettled } from './convergence.ts'
import { checkDatabase } from './database.ts'
import type { TaskState } from './ending.ts'
import { GitHubWatch } from './github-log.ts'
import { checkDirectories, checkProcesses } from './machine.ts'
import type { Subject } from './subject.ts'
import { checkTokens } from './tokens.ts'
import type { Violation } from './violation.ts'

const TOKENS_A_LOOK = 3
/** Reading all of /proc costs more than everything else. */
const LOOKS_A_PROCESS_LOOK = 5
const SETTLE_LOOK_MS = 1_000

/** Looks at the invariants: a part of them all along, all of them at the end. */
export class Watch {
  readonly #subject: Subject
  readonly #github: GitHubWatch
  readonly #told = new Set<string>()
  #looks = 0

  constructor(subject: Subject) {
    this.#subject = subject
    this.#github = new GitHubWatch(subject)
  }

  /** One look at what must hold at any moment; answers what was not told before. Throws while the database is away. */
  async look(): Promise<Violation[]> {
    const subject = this.#subject
    this.#looks += 1
    const found = [
      ...(await checkDatabase(subject)),
      ...(await this.#github.check()),
      ...(this.#looks % LOOKS_A_PROCESS_LOOK === 0 ? await checkProcesses(subject, 2 * subject.leaseMs) : []),
      ...(await checkTokens(subject, TOKENS_A_LOOK)).violations,
    ]
    return this.#fresh(found)
  }

  /**
   * Waits until nothing is under way; what still is when its time is over breaks the invariant.
   * @param lookMs between two looks, in milliseconds
   */
  async converge(
    patienceMs: number,
    lookMs = SETTLE_LOOK_MS,
  ): Promise<{ tookMs: number; violations: Violation[] }> {
    const start = Date.now()
    for (;;) {
      const left = await this.#left()
      const tookMs = Date.now() - start
      if (left.length === 0) return { tookMs, violations: [] }
      if (tookMs > patienceMs) return { tookMs, violations: this.#fresh(left.map(toViolation)) }
      await delay(lookMs)
    }
  }

  /** All of it once more, when nothing is under way any more, or nothing will come of it. */
  async end(): Promise<{ violations: Violation[]; tasks: TaskState[] }> {
    const seen = await this.look()
    const { violations, tasks } = await checkEnd(this.#subject)
    const left = [
      ...violations,
      ...(await checkProcesses(this.#subject, 0)),
      ...(await checkDirectories(this.#subject.agents)),
    ]
    return { violations: [...seen, ...this.#fresh(left)], tasks }
  }

  async #left(): Promise<Unsettled[]> {
    try {
      return await unsettled(this.#subject)
    } catch (error) {
      if (!isDatabaseAway(error)) throw error
      return [{ subject: 'the database', why: String(error) }]
    }
  }

  #fresh(violations: readonly Violation[]): Violation[] {
    return violations.filter(({ invariant, subject }) => {
      const key = `${invariant} ${subject}`
      const told = this.#told.has(key)
      this.#told.add(key)
      return !told
    })
  }
}

function toViolation({ invariant = 'convergence', subject, why, taskId }: Unsettled): Violation {
  return { invariant, subject, detail: why, ...(taskId === undefined ? {} : { taskId }) }
}

/** True for what a database says, or leaves unsaid, that was killed or is starting. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as NodeJS.ErrnoException
  if (code !== undefined && /^(57P0[123]|08...|ECONNREFUSED|ECONNRESET|EPIPE)$/.test(code)) return true
  return /Connection terminated|timeout exceeded when trying to connect|not queryable/.test(error.message)
}
