import type { Assignment } from '../protocol/assignment.ts'
import type { CompletionReport, ProgressReport } from '../protocol/report.ts'
import type { TokenUsage } from '../protocol/usage.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import type { Logger } from '../runtime/logger.ts'
import type { AgentConfig } from './config.ts'
import type { Driver, DriverEvent } from './drivers/driver.ts'
import { describeLimit } from './drivers/limit.ts'
import { programEnvironment, sessionMarker } from './environment.ts'
import { createGit, type Git } from './git.ts'
import { createHalt, type Halt, type HaltReason } from './halt.ts'
import { decideOutcome, type Outcome, type WorkFacts } from './outcome.ts'
import type { ProgramPlace } from './program.ts'
import { createRedact, type Redact } from './redaction.ts'
import { createReporter, type Reporter } from './reporter.ts'
import type { Tuning } from './tuning.ts'
import { doWork } from './work.ts'
import { openWorkspace, type Workspace } from './workspace.ts'

type SessionOptions = {
  agentName: string
  /** The name under which this runner holds its work directory. */
  runner: string
  config: AgentConfig
  driver: Driver
  tuning: Tuning
  logger: Logger
  link: { progress(report: ProgressReport): void; complete(report: CompletionReport): void }
}

export type RunningSession = {
  readonly id: number
  halt(reason: HaltReason): void
  /** The server has answered: the lease runs anew. */
  renewed(): void
  /** Resolves when the work is over and reported, or when there is nobody to report it to. */
  readonly reported: Promise<void>
  /** Resolves when nothing of the session is left on this machine. Never rejects. */
  readonly ended: Promise<void>
}

/** Runs one assignment from its repository to its completion report. */
export function startSession(assignment: Assignment, options: SessionOptions): RunningSession {
  const session = new Session(assignment, options)
  const reported = Promise.withResolvers<void>()
  const ended = session.run(reported.resolve)
  return {
    id: assignment.session.id,
    halt: (reason) => session.halt.request(reason),
    renewed: () => session.renewed(),
    reported: reported.promise,
    ended,
  }
}

/** Tokens that count against a budget: all of them. */
function totalTokens(tokens: TokenUsage): number {
  return tokens.input + tokens.output + tokens.cacheRead + tokens.cacheWrite
}

class Session {
  readonly halt: Halt
  readonly #assignment: Assignment
  readonly #options: SessionOptions
  readonly #logger: Logger
  readonly #redact: Redact
  readonly #reporter: Reporter
  readonly #git: Git
  readonly #author: { name: string; email: string }
  #lease: NodeJS.Timeout | null = null

  constructor(assignment: Assignment, options: SessionOptions) {
    const { config, tuning, agentName, link } = options
    const { session, model } = assignment
    this.#assignment = assignment
    this.#options = options
    this.#logger = options.logger.child({ session: session.id, task: assignment.task.number })
    this.#redact = createRedact([session.token, config.key, ...options.driver.secrets])
    this.halt = createHalt(tuning.saveMs)
    this.#author = { name: agentName, email: `${agentName}@agents.mission-control.invalid` }
    const variables = networkVariables(config.passEnv)
    this.#git = createGit({ path: config.path, author: this.#author, variables, retryMs: tuning.gitRetryMs })
    const longestMs = Math.max(tuning.progressMs, inMs(session.leaseSeconds) / 4)
    const send = (report: ProgressReport) =>
      link.progress({ ...report, message: this.#cut(report.message, 2_000) })
    this.#reporter = createReporter({ shortestMs: tuning.progressMs, longestMs, model, send })
  }

  /**
   * Nobody may wait for what is done without a lease, and the server would take none of it: when it is out of reach, or we
   * were stopped, for as long as the lease lasts, the work ends here.
   */
  renewed(): void {
    if (this.#lease !== null) this.#startLease()
  }

  #startLease(): void {
    if (this.#lease !== null) clearTimeout(this.#lease)
    const { leaseSeconds } = this.#assignment.session
    this.#lease = setTimeout(() => {
      this.#logger.warn({ leaseSeconds }, 'the server has not answered for as long as the lease lasts')
      this.halt.request('lost')
    }, inMs(leaseSeconds))
  }

  #endLease(): void {
    if (this.#lease !== null) clearTimeout(this.#lease)
    this.#lease = null
  }

  async run(reported: () => void): Promise<void> {
    this.#startLease()
    const clock = setTimeout(() => this.halt.request('wall_clock'), inMs(this.#assignment.wallClockSeconds))
    const opened: { workspace: Workspace | null } = { workspace: null }
    const outcome = await this.#attempt(opened).catch((error: unknown) => this.#broken(error))
    clearTimeout(clock)
    this.#endLease()
    this.#reporter.stop()
    this.halt.close()
    this.#complete(outcome)
    reported()
    crashPoint('before', 'runner clean-up')
    try {
      await opened.workspace?.remove()
      crashPoint('after', 'runner clean-up')
    } catch (error) {
      this.#logger.error({ err: error }, 'could not remove the files of the session')
    }
  }

  async #attempt(opened: { workspace: Workspace | null }): Promise<Outcome> {
    const { config, runner, tuning, driver } = this.#options
    this.#stage('Fetching the repository')
    const workspace = await openWorkspace(this.#assignment, {
      workDir: config.workDir,
      runner,
      author: this.#author,
      git: this.#git,
      signal: this.halt.stopping,
    })
    opened.workspace = workspace
    const place: ProgramPlace = {
      directory: workspace.repo,
      environment: programEnvironment(this.#assignment, workspace, config),
      marker: sessionMarker(workspace.home),
      graceMs: tuning.graceMs,
    }
    const facts = await doWork({
      assignment: this.#assignment,
      workspace,
      git: this.#git,
      driver,
      place,
      halt: this.halt,
      stage: (message) => this.#stage(message),
      spent: (usage) => this.#reporter.tell({ usage }),
      emit: (event) => this.#heard(event),
    })
    return decideOutcome(facts)
  }

  #heard(event: DriverEvent): void {
    switch (event.type) {
      case 'message':
        this.#reporter.tell({ message: event.text })
        return
      case 'progress':
        this.#reporter.tell({ percent: event.percent })
        return
      case 'usage': {
        const budget = this.#assignment.tokenBudget
        this.#reporter.tell({ usage: event.usage })
        if (budget !== null && totalTokens(event.usage.tokens) > budget) this.halt.request('budget')
        return
      }
      case 'limit':
        this.#logger.warn({ limit: event.limit }, 'the model was refused')
        this.#reporter.tell({ message: `Waiting: ${describeLimit(event.limit)}` })
        return
      default:
        event satisfies never
    }
  }

  /** Redacted when it is sent, not for every line that a program prints. */
  #cut(text: string | null | undefined, limit: number): string | null {
    return text ? this.#redact(text, limit) : null
  }

  #stage(message: string): void {
    this.#logger.info(message)
    this.#reporter.tell({ message })
  }

  /** The work threw: git refused, the disk is full, or the runner has a mistake. */
  #broken(error: unknown): Outcome {
    const interrupted = this.halt.reason()
    if (interrupted === null) this.#logger.error({ err: error }, 'the session broke off')
    const message = error instanceof Error ? error.message : String(error)
    const facts: WorkFacts = {
      mode: this.#assignment.session.mode,
      interrupted,
      failure: { reason: message, output: '' },
      report: {},
      commits: 0,
      newCommits: 0,
      push: null,
      notes: [],
      limits: this.#assignment,
    }
    return decideOutcome(facts)
  }

  #complete(outcome: Outcome): void {
    if (!this.halt.saves()) {
      this.#logger.warn({ reason: this.halt.reason() }, 'the session ended without a report')
      return
    }
    const summary = this.#redact(outcome.summary, 60_000)
    this.#logger.info({ outcome: outcome.outcome, summary }, 'the session ended')
    this.#options.link.complete({
      ...outcome,
      title: this.#cut(outcome.title, 256),
      question: this.#cut(outcome.question, 10_000),
      summary,
      usage: this.#reporter.usage(),
    })
  }
}

/** A timer of more than 24 days would fire at once. */
function inMs(seconds: number): number {
  return Math.min(seconds * 1_000, 2 ** 31 - 1)
}

/** What git needs of the operator's variables to reach the server; nothing else is handed to it. */
function networkVariables(passEnv: Readonly<Record<string, string>>): Record<string, string> {
  const wanted = /^((https?|all|no)_proxy|SSL_CERT_FILE|SSL_CERT_DIR|GIT_SSL_CAINFO)$/i
  return Object.fromEntries(Object.entries(passEnv).filter(([name]) => wanted.test(name)))
}
