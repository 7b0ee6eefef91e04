import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import type { Assignment } from '../protocol/assignment.ts'
import type { Logger } from '../runtime/logger.ts'
import { AgentClient, type ConnectionEnd, type FrameOf } from './client.ts'
import type { AgentConfig } from './config.ts'
import type { Driver } from './drivers/driver.ts'
import { createDriver } from './drivers/registry.ts'
import { usableGit } from './git.ts'
import type { HaltReason } from './halt.ts'
import { type RunnerEnd, runnerEnd } from './runner-end.ts'
import { lockRunner, type RunnerLock } from './runner-lock.ts'
import { type RunningSession, startSession } from './session.ts'
import { removeStaleSessions } from './session-directory.ts'
import { DEFAULT_TUNING, type Tuning } from './tuning.ts'

export type AgentRunner = {
  /** Resolves when nothing of the runner is left; never rejects. */
  readonly stopped: Promise<RunnerEnd>
  /** The first call lets running sessions save their work; the second kills them. Resolves as `stopped` does. */
  stop(reason: string): Promise<RunnerEnd>
}

type OpenSession = { session: RunningSession; reported: boolean }

/** Refusals that mean that the session is not ours any more. */
const LOST = new Set([
  'session_ended',
  'lease_lost',
  'not_acknowledged',
  'unauthorized',
  'forbidden',
  'not_found',
])

/**
 * Starts the agent-side runner: cleans up after earlier ones, connects, and runs assignments until it is stopped.
 * What makes it impossible (another runner of that name, a refused key) is told by `stopped`.
 */
export async function startRunner(
  config: AgentConfig,
  logger: Logger,
  tuning: Tuning = DEFAULT_TUNING,
): Promise<AgentRunner> {
  await mkdir(config.workDir, { recursive: true, mode: 0o700 })
  if ((await usableGit(config.path)) === null) {
    return ended(runnerEnd('git_missing', 'git 2.31 or newer is needed and was not found in PATH'))
  }
  const driver = createDriver(config, tuning)
  const obstacle = await driver.obstacle()
  if (obstacle !== null) return ended(runnerEnd('program_missing', obstacle))
  const name = config.name ?? `key-${createHash('sha256').update(config.key).digest('hex').slice(0, 12)}`
  const lock = await lockRunner(config.workDir, name)
  if (lock === null) {
    const message = `another runner named ${name} uses ${config.workDir}: set another --name or --work-dir`
    return ended(runnerEnd('locked', message))
  }
  if (/^http:\/\/(?!localhost|127\.|\[::1\])/.test(config.url)) {
    logger.warn({ url: config.url }, 'the key of the agent travels unencrypted: use https')
  }
  try {
    await removeStaleSessions(config.workDir, name, logger)
    return new Runner(config, driver, lock, logger, tuning)
  } catch (error) {
    lock.release()
    throw error
  }
}

function ended(end: RunnerEnd): AgentRunner {
  const stopped = Promise.resolve(end)
  return { stopped, stop: () => stopped }
}

class Runner implements AgentRunner {
  readonly #config: AgentConfig
  readonly #lock: RunnerLock
  readonly #logger: Logger
  readonly #tuning: Tuning
  readonly #driver: Driver
  readonly #client: AgentClient
  readonly #sessions = new Map<number, OpenSession>()
  /** Sessions that this process has worked on: a late copy of their assignment starts nothing. */
  readonly #finished = new Set<number>()
  readonly #end = Promise.withResolvers<RunnerEnd>()
  #agentName = ''
  #ending: 'draining' | 'killing' | null = null

  constructor(config: AgentConfig, driver: Driver, lock: RunnerLock, logger: Logger, tuning: Tuning) {
    this.#config = config
    this.#lock = lock
    this.#logger = logger
    this.#tuning = tuning
    this.#driver = driver
    this.#client = new AgentClient(
      { url: config.url, key: config.key, tuning, logger },
      {
        hello: (frame) => this.#hello(frame),
        assigned: (assignment) => this.#assigned(assignment),
        stop: (session, reason) => this.#halt(session, reason),
        answered: (session, answer) => {
          this.#sessions.get(session)?.session.renewed()
          if (answer.progress?.stop) this.#halt(session, answer.progress.stop)
        },
        refused: (session, type, refusal) => this.#refused(session, type, refusal),
        ended: (end) => this.#disconnected(end),
      },
    )
    this.#client.connect()
  }

  get stopped(): Promise<RunnerEnd> {
    return this.#end.promise
  }

  stop(reason: string): Promise<RunnerEnd> {
    if (this.#ending === null) {
      this.#ending = 'draining'
      this.#logger.info(
        { reason, sessions: this.#sessions.size },
        'stopping: running sessions save their work',
      )
      void this.#finish('shutdown', runnerEnd('stopped', `stopped: ${reason}`))
    } else if (this.#ending === 'draining') {
      this.#ending = 'killing'
      this.#logger.warn({ reason }, 'stopping now: running sessions are killed')
      this.#haltAll('killed')
      this.#client.close()
    }
    return this.stopped
  }

  #hello(frame: FrameOf<'hello'>): void {
    const { name } = frame.agent
    if (this.#config.name !== null && this.#config.name !== name) {
      const message = `the key belongs to the agent ${name}, not to ${this.#config.name}`
      this.#giveUp('killed', runnerEnd('wrong_name', message))
      return
    }
    this.#agentName = name
    this.#logger.info({ agent: name, resume: frame.resume }, 'connected')
    const live = new Set(frame.resume)
    for (const [id, { session, reported }] of this.#sessions) {
      if (reported || live.has(id)) continue
      this.#client.forget(id)
      session.halt('lost')
    }
  }

  #assigned(assignment: Assignment): void {
    const { id } = assignment.session
    const open = this.#sessions.get(id)
    if (open && !open.reported) this.#client.send({ type: 'accepted', session: id })
    if (open || this.#finished.has(id)) return
    const reason = this.#refusal()
    const { number, title } = assignment.task
    this.#logger.info({ session: id, task: number, title, reason }, reason === null ? 'accepted' : 'declined')
    if (reason !== null) {
      this.#client.send({ type: 'declined', session: id, reason })
      return
    }
    this.#client.send({ type: 'accepted', session: id })
    this.#open(assignment)
  }

  /** Why no more work is taken now; null when it is. */
  #refusal(): string | null {
    const working = [...this.#sessions.values()].filter(({ reported }) => !reported).length
    const { maxSessions } = this.#config
    if (this.#ending !== null) return 'the runner is stopping'
    return working >= maxSessions ? `all ${maxSessions} sessions of this runner are in use` : null
  }

  #open(assignment: Assignment): void {
    const { id } = assignment.session
    const session = startSession(assignment, {
      agentName: this.#agentName,
      runner: this.#lock.runner,
      config: this.#config,
      driver: this.#driver,
      tuning: this.#tuning,
      logger: this.#logger,
      link: {
        progress: (report) => this.#client.send({ type: 'progress', session: id, report }),
        complete: (report) => this.#client.send({ type: 'complete', session: id, report }),
      },
    })
    const open: OpenSession = { session, reported: false }
    this.#sessions.set(id, open)
    void session.reported.then(() => {
      open.reported = true
    })
    void session.ended.then(() => {
      this.#sessions.delete(id)
      this.#finished.add(id)
    })
  }

  #halt(session: number, reason: HaltReason): void {
    this.#sessions.get(session)?.session.halt(reason)
  }

  #haltAll(reason: HaltReason): void {
    for (const { session } of this.#sessions.values()) session.halt(reason)
  }

  #refused(session: number, type: 'accepted' | 'progress' | 'complete', refusal: FrameOf<'refused'>): void {
    const { code, detail } = refusal
    this.#logger.warn({ session, type, code, detail }, 'the server refused a report')
    if (type === 'complete' || !LOST.has(code)) return
    this.#client.forget(session)
    this.#halt(session, 'lost')
  }

  #disconnected(end: ConnectionEnd): void {
    this.#giveUp(end.code === 'key_refused' ? 'revoked' : 'killed', runnerEnd(end.code, end.message))
  }

  #giveUp(reason: HaltReason, end: RunnerEnd): void {
    if (this.#ending === 'killing') return
    const finishing = this.#ending !== null
    this.#ending = 'killing'
    this.#client.close()
    this.#haltAll(reason)
    if (!finishing) void this.#finish(reason, end)
  }

  async #finish(reason: HaltReason, end: RunnerEnd): Promise<void> {
    this.#haltAll(reason)
    const open = [...this.#sessions.values()]
    await Promise.all(open.map(({ session }) => session.reported))
    const answered = await this.#client.settled(this.#ending === 'draining' ? this.#tuning.farewellMs : 0)
    if (!answered) this.#logger.warn('the server has not answered the last reports')
    await Promise.all(open.map(({ session }) => session.ended))
    this.#client.close()
    this.#lock.release()
    const killed = this.#ending === 'killing' && end.code === 'stopped'
    this.#end.resolve(killed ? runnerEnd('killed', end.message) : end)
  }
}
