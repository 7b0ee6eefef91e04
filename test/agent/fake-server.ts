import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { type Assignment, PROTOCOL_VERSION } from '../../src/protocol/assignment.ts'
import { AgentFrame, type ServerFrame } from '../../src/protocol/socket.ts'

type Body<T> = T extends { id: string } ? Omit<T, 'id'> : never
type FrameOf<T extends AgentFrame['type']> = Extract<AgentFrame, { type: T }>
type Received = { frame: AgentFrame; connection: number }

const WAIT_MS = 15_000

/** The server's end of `/ws`: real sockets, every frame checked by the protocol, what it answers is up to the test. */
export class FakeServer {
  readonly received: Received[] = []
  readonly keys: (string | undefined)[] = []
  /** What `hello` says. */
  agent = { id: 1, name: 'worker' }
  resume: number[] = []
  /** Answers reports by itself. */
  answers = true
  stop: 'pause' | 'cancel' | null = null
  /** Refuses every progress report with this code. */
  refusal: string | null = null
  connections = 0
  readonly #server: WebSocketServer
  readonly #checks = new Set<() => void>()
  #socket: WebSocket | null = null
  #ids = 0

  private constructor(server: WebSocketServer) {
    this.#server = server
    server.on('connection', (socket, request) => {
      this.keys.push(request.headers.authorization)
      this.#connected(socket)
    })
  }

  static async start(): Promise<FakeServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/ws' })
    await once(server, 'listening')
    return new FakeServer(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  #connected(socket: WebSocket): void {
    this.connections += 1
    const connection = this.connections
    this.#socket = socket
    socket.on('message', (data) => this.#heard(data, connection))
    socket.on('close', () => this.#check())
    this.send({ type: 'hello', protocol: PROTOCOL_VERSION, agent: this.agent, resume: this.resume })
    this.#check()
  }

  #heard(data: RawData, connection: number): void {
    const frame = AgentFrame.parse(JSON.parse(data.toString()))
    this.received.push({ frame, connection })
    if (this.answers) this.answer(frame)
    this.#check()
  }

  answer(frame: AgentFrame): void {
    if (frame.type === 'progress' && this.refusal !== null) {
      this.send({ type: 'refused', to: frame.id, code: this.refusal, detail: 'refused by the test' })
      this.send({ type: 'ping' })
    } else if (frame.type === 'progress') {
      const progress = { leaseUntil: new Date(Date.now() + 60_000).toISOString(), stop: this.stop }
      this.send({ type: 'answer', to: frame.id, progress })
    } else if (frame.type === 'complete') {
      const completion = { sessionStatus: 'completed' as const, taskStatus: 'review' }
      this.send({ type: 'answer', to: frame.id, completion })
    }
  }

  send(body: Body<ServerFrame>, id = `s${++this.#ids}`): void {
    this.#socket?.send(JSON.stringify({ ...body, id }))
  }

  assign(assignment: Assignment, id?: string): void {
    this.send({ type: 'task_assigned', assignment }, id)
  }

  /** Sends what no schema allows. */
  sendRaw(frame: unknown): void {
    this.#socket?.send(JSON.stringify(frame))
  }

  /** The connection breaks, without a word. */
  drop(): void {
    this.#socket?.terminate()
  }

  /** Leaves the connection open and says nothing any more: a half-open connection. */
  mute(): void {
    this.#socket?.pause()
  }

  hangUp(code: number, reason: string): void {
    this.#socket?.close(code, reason)
  }

  all<T extends AgentFrame['type']>(type: T): FrameOf<T>[] {
    return this.received.flatMap(({ frame }) => (frame.type === type ? [frame as FrameOf<T>] : []))
  }

  /** Resolves with what `find` answers as soon as it is not undefined. */
  until<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#checks.delete(check)
        const seen = this.received.map(({ frame }) => JSON.stringify(frame)).join('\n')
        reject(new Error(`no ${what} within ${WAIT_MS} ms; received:\n${seen}`))
      }, WAIT_MS)
      const check = () => {
        const found = find()
        if (found === undefined) return
        clearTimeout(timer)
        this.#checks.delete(check)
        resolve(found)
      }
      this.#checks.add(check)
      check()
    })
  }

  next<T extends AgentFrame['type']>(
    type: T,
    matches: (frame: FrameOf<T>) => boolean = () => true,
  ): Promise<FrameOf<T>> {
    return this.until(type, () => this.all(type).find(matches))
  }

  /** A progress frame that says this; programs of tests print a word when they got that far. */
  async told(message: string): Promise<void> {
    await this.next('progress', ({ report }) => report.message === message)
  }

  /** A refusal has reached the agent: it has answered the ping behind it. */
  async refused(): Promise<void> {
    await this.next('heartbeat')
  }

  async connected(count: number): Promise<void> {
    await this.until(`connection ${count}`, () => (this.connections >= count ? true : undefined))
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #check(): void {
    for (const check of [...this.#checks]) check()
  }
}
