import { randomUUID } from 'node:crypto'
import type { WebSocket } from 'ws'
import { updateAgent } from '../db/repositories/agents.ts'
import { findSession } from '../db/repositories/sessions.ts'
import { acceptSession, declineSession } from '../orchestrator/acknowledge-session.ts'
import { completeSession } from '../orchestrator/complete-session.ts'
import type { Orchestrator } from '../orchestrator/orchestrator.ts'
import { reportProgress } from '../orchestrator/report-progress.ts'
import type { Assignment } from '../protocol/assignment.ts'
import { describeMistake } from '../protocol/mistake.ts'
import { AgentFrame, CLOSE, NamedFrame, type ServerFrame } from '../protocol/socket.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import type { Logger } from '../runtime/logger.ts'

/** A socket that sends more frames than this in a second is a flood. */
const FRAMES_PER_SECOND = 200
const SEEN_FRAMES = 1_000
/** Pings without an answer before a peer counts as silent. */
const MOST_UNANSWERED = 2

/** One agent's socket: parses its frames, hands them to the use-cases, and answers. */
export class AgentSocket {
  readonly #ws: WebSocket
  readonly #agentId: number
  readonly #orchestrator: Orchestrator
  readonly #logger: Logger
  readonly #seen = new Map<string, ServerFrame | null>()
  readonly #told = new Set<number>()
  readonly #stopped = new Set<string>()
  #unanswered = 0
  #window = { second: 0, frames: 0 }
  #queue: Promise<void> = Promise.resolve()
  #telling: Promise<void> = Promise.resolve()

  constructor(ws: WebSocket, agentId: number, orchestrator: Orchestrator, logger: Logger) {
    this.#ws = ws
    this.#agentId = agentId
    this.#orchestrator = orchestrator
    this.#logger = logger
    ws.on('pong', () => {
      this.#unanswered = 0
    })
  }

  /** Handles frames from now on, those that came early first. */
  listen(early: readonly string[]): void {
    for (const text of early) this.#receive(text)
    this.#ws.on('message', (data, binary) => {
      if (binary) {
        this.close(CLOSE.badFrame, 'frames are text')
        return
      }
      this.#receive(data.toString())
    })
  }

  send(frame: ServerFrame): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.send(JSON.stringify(frame))
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason)
  }

  terminate(): void {
    this.#ws.terminate()
  }

  ping(): void {
    if (this.#unanswered >= MOST_UNANSWERED) {
      this.close(CLOSE.silent, 'no answer to pings')
      return
    }
    this.#unanswered += 1
    this.#ws.ping()
  }

  /** Sessions that the agent brought along: it is to hear of their end like of those that it gets here. */
  resume(sessions: readonly number[]): void {
    for (const session of sessions) this.#told.add(session)
  }

  /** Runs what tells the agent something after what came before: an older look must not undo a newer one. */
  inTurn(tell: () => Promise<void>): Promise<void> {
    const turn = this.#telling.then(tell)
    this.#telling = turn.catch(() => {}) // told to whoever asked for it
    return turn
  }

  wasTold(session: number): boolean {
    return this.#told.has(session)
  }

  assign(assignment: Assignment): void {
    this.#told.add(assignment.session.id)
    crashPoint('before', 'frame task_assigned')
    this.send({ type: 'task_assigned', id: randomUUID(), assignment })
    crashPoint('after', 'frame task_assigned')
  }

  tellToStop(session: number, reason: 'pause' | 'cancel' | 'revoked'): void {
    const key = `${session} ${reason}`
    if (this.#stopped.has(key)) return
    this.#stopped.add(key)
    this.send({ type: 'stop', id: randomUUID(), session, reason })
  }

  /** Sessions that this agent was given and that have ended without it: it is to drop them at once. */
  endOthers(live: readonly number[]): void {
    for (const session of this.#told) {
      if (live.includes(session)) continue
      this.#told.delete(session)
      this.tellToStop(session, 'revoked')
    }
  }

  #receive(text: string): void {
    // what comes after we have closed is not for us any more
    if (this.#ws.readyState !== this.#ws.OPEN) return
    const second = Math.floor(Date.now() / 1000)
    this.#window =
      second === this.#window.second ? { second, frames: this.#window.frames + 1 } : { second, frames: 1 }
    if (this.#window.frames > FRAMES_PER_SECOND) {
      this.close(CLOSE.flood, 'too many frames')
      return
    }
    const frame = parse(text)
    if (!frame.ok) {
      const { to, code, detail } = frame
      // one wrong field must not cost an agent its connection, and its sessions the next one
      if (to === null) this.close(CLOSE.badFrame, detail)
      else this.send({ type: 'refused', id: randomUUID(), to, code, detail })
      return
    }
    // one after another: a completion must not overtake the progress before it
    this.#queue = this.#queue.then(() =>
      this.#handle(frame.frame).catch((error: unknown) => {
        this.#logger.error({ err: error, agent: this.#agentId, frame: frame.frame.type }, 'a frame failed')
        this.close(1011, 'the server failed; connect again')
      }),
    )
  }

  async #handle(frame: AgentFrame): Promise<void> {
    const answered = this.#seen.get(frame.id)
    if (answered !== undefined) {
      if (answered !== null) this.send(answered)
      return
    }
    const answer = await this.#answer(frame)
    this.#seen.set(frame.id, answer)
    if (this.#seen.size > SEEN_FRAMES) this.#seen.delete(this.#seen.keys().next().value ?? '')
    if (answer === null) return
    crashPoint('before', `answer to ${frame.type}`)
    this.send(answer)
    crashPoint('after', `answer to ${frame.type}`)
  }

  async #answer(frame: AgentFrame): Promise<ServerFrame | null> {
    const id = randomUUID()
    const to = frame.id
    if (frame.type === 'heartbeat') {
      await updateAgent(this.#orchestrator.db, this.#agentId, { lastHeartbeatAt: new Date() })
      return { type: 'answer', id, to }
    }
    if (frame.type === 'auth') return { type: 'answer', id, to }
    const session = await findSession(this.#orchestrator.db, frame.session)
    if (session?.agentId !== this.#agentId) {
      return { type: 'refused', id, to, code: 'not_found', detail: 'This agent has no such session.' }
    }
    const result = await this.#act(frame)
    if (!result.ok) return { type: 'refused', id, to, code: result.code, detail: result.reason }
    return { type: 'answer', id, to, ...result.body }
  }

  async #act(frame: Exclude<AgentFrame, { type: 'auth' | 'heartbeat' }>) {
    const { session } = frame
    switch (frame.type) {
      case 'accepted': {
        const accepted = await acceptSession(this.#orchestrator, session)
        return accepted.ok ? { ok: true as const, body: {} } : accepted
      }
      case 'declined': {
        this.#told.delete(session)
        const declined = await declineSession(this.#orchestrator, session, frame.reason)
        if (!declined.ok && declined.code === 'already_running') this.#told.add(session)
        return declined.ok ? { ok: true as const, body: {} } : declined
      }
      case 'progress': {
        const progress = await reportProgress(this.#orchestrator, session, frame.report)
        return progress.ok ? { ok: true as const, body: { progress: progress.answer } } : progress
      }
      case 'complete': {
        // before it ends: the agent needs no word that what it completed is over
        this.#told.delete(session)
        const completed = await completeSession(this.#orchestrator, session, frame.report)
        return completed.ok ? { ok: true as const, body: { completion: completed.answer } } : completed
      }
      default:
        return frame satisfies never
    }
  }
}

/** `to`: the frame that can be refused by its id; null when it has none, or is of a type that we do not know. */
type ParsedFrame =
  | { ok: true; frame: AgentFrame }
  | { ok: false; to: string | null; code: string; detail: string }

function parse(text: string): ParsedFrame {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, to: null, code: 'invalid_request', detail: 'a frame is a JSON object' }
  }
  const parsed = AgentFrame.safeParse(value)
  if (parsed.success) return { ok: true, frame: parsed.data }
  const named = NamedFrame.safeParse(value)
  if (!named.success) {
    return {
      ok: false,
      to: null,
      code: 'invalid_request',
      detail: 'a frame has an id and a type of the protocol',
    }
  }
  return { ok: false, to: named.data.id, ...describeMistake(parsed.error) }
}
