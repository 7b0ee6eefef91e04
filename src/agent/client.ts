import { randomUUID } from 'node:crypto'
import { type RawData, WebSocket } from 'ws'
import type { Assignment } from '../protocol/assignment.ts'
import { type AgentFrame, CLOSE, MAX_FRAME_BYTES, type ServerFrame } from '../protocol/socket.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import type { Logger } from '../runtime/logger.ts'
import { reconnectPause } from './backoff.ts'
import { readFrame } from './frames.ts'
import { watchLiveness } from './liveness.ts'
import { createOutbox, type ReliableFrame } from './outbox.ts'
import { createSeen } from './seen.ts'
import type { Tuning } from './tuning.ts'

type WithoutId<T> = T extends { id: string } ? Omit<T, 'id'> : never
type OutgoingFrame = WithoutId<Exclude<AgentFrame, { type: 'auth' }>>
export type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>

/** Why the connection is given up for good. */
export type ConnectionEnd = { code: 'key_refused' | 'replaced' | 'protocol'; message: string }

type ClientHandlers = {
  /** The connection is usable; called before unanswered frames are sent again. */
  hello(frame: FrameOf<'hello'>): void
  /** May be called again for a session that is known: the acknowledgement got lost. */
  assigned(assignment: Assignment): void
  stop(session: number, reason: FrameOf<'stop'>['reason']): void
  answered(session: number, answer: FrameOf<'answer'>): void
  refused(session: number, type: ReliableFrame['type'], refusal: FrameOf<'refused'>): void
  ended(end: ConnectionEnd): void
}

type ClientOptions = { url: string; key: string; tuning: Tuning; logger: Logger }

const REMEMBERED_FRAMES = 10_000
const CLOSING_MS = 1_000

/** The socket address of a server: `https://host/path` -> `wss://host/path/ws`. */
function socketUrl(url: string): string {
  return `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws`
}

/** Keeps an agent connected to `/ws`. Frames of the server are handled once, reports of ours are sent until answered. */
export class AgentClient {
  readonly #options: ClientOptions
  readonly #handlers: ClientHandlers
  readonly #outbox = createOutbox()
  readonly #seen = createSeen(REMEMBERED_FRAMES)
  readonly #waiters = new Set<() => void>()
  #socket: WebSocket | null = null
  #greeted = false
  #attempt = 0
  #closed = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: ClientOptions, handlers: ClientHandlers) {
    this.#options = options
    this.#handlers = handlers
  }

  connect(): void {
    const { url, key, tuning, logger } = this.#options
    const socket = new WebSocket(socketUrl(url), {
      headers: { authorization: `Bearer ${key}` },
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      handshakeTimeout: tuning.helloMs,
    })
    this.#socket = socket
    this.#greeted = false
    const stopWatching = watchLiveness(socket, tuning, () => this.#greeted)
    socket.on('message', (data) => this.#socket === socket && this.#receive(data))
    socket.on('unexpected-response', (_request, response) => {
      if (this.#socket === socket) this.#refusedUpgrade(response.statusCode ?? 0)
      socket.terminate()
    })
    socket.on('error', (error) => logger.debug({ err: error }, 'socket error'))
    socket.on('close', (code, reason) => {
      stopWatching()
      if (this.#socket === socket) this.#disconnected(code, reason.toString())
    })
  }

  /** Sends a frame; one that must not get lost is sent again after the next `hello`, others only when connected. */
  send(body: OutgoingFrame): void {
    const frame: AgentFrame = { ...body, id: randomUUID() }
    if (frame.type === 'accepted' || frame.type === 'progress' || frame.type === 'complete') {
      this.#outbox.add(frame)
    }
    if (this.#greeted) this.#write(frame)
  }

  /** Drops what a session that is lost still had to say. */
  forget(session: number): void {
    this.#outbox.forget(session)
  }

  /** Resolves when every completion is answered, at the latest after `timeoutMs`; false when some are not. */
  settled(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const check = (late: boolean) => {
        const open = this.#outbox.unansweredCompletions()
        if (open > 0 && !late && !this.#closed) return
        this.#waiters.delete(wake)
        clearTimeout(limit)
        resolve(open === 0)
      }
      const wake = () => check(false)
      const limit = setTimeout(() => check(true), timeoutMs)
      this.#waiters.add(wake)
      wake()
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    const socket = this.#socket
    this.#socket = null
    if (socket?.readyState === WebSocket.OPEN) {
      socket.close(1000)
      setTimeout(() => socket.terminate(), CLOSING_MS).unref()
    } else socket?.terminate()
    this.#wake()
  }

  #write(frame: AgentFrame): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return
    crashPoint('before', `frame ${frame.type}`)
    this.#socket.send(JSON.stringify(frame))
    crashPoint('after', `frame ${frame.type}`)
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter()
  }

  #refusedUpgrade(status: number): void {
    const why = `the server answered ${status}`
    if (status === 401 || status === 403) this.#end(keyRefused(why))
    else this.#reconnect(why)
  }

  #disconnected(code: number, reason: string): void {
    const why = `closed with ${code}${reason ? ` (${reason})` : ''}`
    if (code === CLOSE.unauthorized) this.#end(keyRefused(why))
    else if (code === CLOSE.replaced) {
      this.#end({ code: 'replaced', message: `another runner connected as this agent: ${why}` })
    } else this.#reconnect(why)
  }

  #reconnect(why: string): void {
    if (this.#closed) return
    const { tuning, logger } = this.#options
    const limits = { minMs: tuning.reconnectMinMs, maxMs: tuning.reconnectMaxMs }
    const pause = reconnectPause(this.#attempt, limits, Math.random())
    this.#socket = null
    this.#greeted = false
    this.#attempt += 1
    logger.warn({ why, retryInMs: pause }, 'not connected')
    this.#timer = setTimeout(() => this.connect(), pause)
  }

  #end(end: ConnectionEnd): void {
    if (this.#closed) return
    this.close()
    this.#handlers.ended(end)
  }

  #receive(data: RawData): void {
    const read = readFrame(data)
    if (!read.ok) this.#reject(read)
    else if (read.frame.type === 'hello') this.#greet(read.frame)
    // A repeated assignment means that our acknowledgement got lost: the runner acknowledges it again.
    else if (this.#seen.add(read.frame.id) || read.frame.type === 'task_assigned') this.#dispatch(read.frame)
  }

  #reject(read: { type: unknown; session: number | null; problem: string }): void {
    this.#options.logger.error({ type: read.type, problem: read.problem }, 'unreadable frame from the server')
    if (read.type === 'hello') {
      const message = `the server speaks another version of the protocol: ${read.problem}`
      this.#end({ code: 'protocol', message })
    } else if (read.type === 'task_assigned' && read.session !== null) {
      const reason = `invalid assignment: ${read.problem}`.slice(0, 500)
      this.send({ type: 'declined', session: read.session, reason })
    }
  }

  #greet(frame: FrameOf<'hello'>): void {
    this.#greeted = true
    this.#attempt = 0
    const unanswered = this.#outbox.unanswered()
    this.#handlers.hello(frame)
    const kept = new Set(this.#outbox.unanswered())
    for (const waiting of unanswered) if (kept.has(waiting)) this.#write(waiting)
  }

  #dispatch(frame: Exclude<ServerFrame, { type: 'hello' }>): void {
    switch (frame.type) {
      case 'task_assigned':
        this.#handlers.assigned(frame.assignment)
        break
      case 'stop':
        this.#handlers.stop(frame.session, frame.reason)
        break
      case 'ping':
        this.send({ type: 'heartbeat' })
        break
      case 'answer':
      case 'refused':
        this.#settle(frame)
        break
      default:
        frame satisfies never
    }
  }

  #settle(frame: FrameOf<'answer'> | FrameOf<'refused'>): void {
    const origin = this.#outbox.settle(frame.to)
    if (origin !== null) crashPoint('after', `answered ${origin.type}`)
    if (origin !== null && frame.type === 'answer') this.#handlers.answered(origin.session, frame)
    if (origin !== null && frame.type === 'refused')
      this.#handlers.refused(origin.session, origin.type, frame)
    if (origin === null && frame.type === 'refused') {
      this.#options.logger.warn({ code: frame.code, detail: frame.detail }, 'the server refused a frame')
    }
    this.#wake()
  }
}

function keyRefused(why: string): ConnectionEnd {
  const message =
    `the server does not accept this agent's key (${why}): it is unknown or was revoked; ` +
    'set MISSION_CONTROL_AGENT_KEY to a valid one'
  return { code: 'key_refused', message }
}
