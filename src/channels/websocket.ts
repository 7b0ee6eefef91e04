import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { findAgentByKey } from '../db/repositories/agents.ts'
import {
  type Connection,
  databaseTime,
  findConnection,
  renewConnections,
} from '../db/repositories/connections.ts'
import { agentConnected, agentDisconnected } from '../orchestrator/agent-presence.ts'
import { assignmentOf, dutiesOf } from '../orchestrator/assignment.ts'
import type { Orchestrator } from '../orchestrator/orchestrator.ts'
import { PROTOCOL_VERSION } from '../protocol/assignment.ts'
import { AgentFrame, AUTH_SECONDS, CLOSE, MAX_FRAME_BYTES } from '../protocol/socket.ts'
import { crashPoint } from '../runtime/crash-points.ts'
import { hashAgentKey, isAgentKey } from '../runtime/keys.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Channel } from './channel.ts'
import { AgentSocket } from './websocket-agent.ts'

const NAME = 'websocket'
const PING_MS = 20_000
const RENEW_MS = 15_000
const MOST_EARLY_FRAMES = 100
/** Nobody knows yet who sends them. */
const MOST_EARLY_CHARACTERS = 2 * MAX_FRAME_BYTES
const GOODBYE_MS = 2_000

/** An agent of this replica. */
interface Held {
  socket: AgentSocket
  connection: Connection
}

/** Agents over WebSocket: keeps the sockets of this replica and carries frames both ways. */
export class WebSocketChannel implements Channel {
  readonly name = NAME
  readonly #orchestrator: Orchestrator
  readonly #logger: Logger
  readonly #replicaId: string
  readonly #agents = new Map<number, Held>()
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: MAX_FRAME_BYTES,
  })
  readonly #timers: NodeJS.Timeout[]
  readonly #authMs: number
  #stopped = false

  /** @param authMs time that an unauthenticated socket has for its `auth` frame */
  constructor(
    orchestrator: Orchestrator,
    replicaId: string,
    logger: Logger,
    { authMs = AUTH_SECONDS * 1000 }: { authMs?: number } = {},
  ) {
    this.#authMs = authMs
    this.#orchestrator = orchestrator
    this.#replicaId = replicaId
    this.#logger = logger
    this.#timers = [
      setInterval(() => this.#ping(), PING_MS),
      setInterval(() => {
        this.renew().catch((error: unknown) =>
          logger.error({ err: error }, 'connections could not be renewed'),
        )
      }, RENEW_MS),
    ]
  }

  /** Takes over an upgraded connection. The key comes in the `Authorization` header or in the first frame. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', (error) => this.#logger.debug({ err: error }, 'socket error'))
      const header = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
      if (header !== undefined) void this.#admit(ws, header)
      else this.#awaitAuth(ws)
    })
  }

  #awaitAuth(ws: WebSocket): void {
    const timer = setTimeout(() => ws.close(CLOSE.authTimeout, 'no auth frame came in time'), this.#authMs)
    ws.once('close', () => clearTimeout(timer))
    ws.once('message', (data) => {
      clearTimeout(timer)
      const frame = parseFrame(data.toString())
      if (frame?.type === 'auth') void this.#admit(ws, frame.key)
      else ws.close(CLOSE.unauthorized, 'the first frame must be auth')
    })
  }

  async #admit(ws: WebSocket, key: string): Promise<void> {
    // frames that come while the key is looked up must not be lost
    const early: string[] = []
    let characters = 0
    const keep = (data: { toString(): string }): void => {
      const text = data.toString()
      characters += text.length
      if (early.length < MOST_EARLY_FRAMES && characters <= MOST_EARLY_CHARACTERS) early.push(text)
      else ws.close(CLOSE.flood, 'too many frames')
    }
    ws.on('message', keep)
    try {
      const { db } = this.#orchestrator
      const connectedAt = await databaseTime(db)
      const agent = isAgentKey(key) ? await findAgentByKey(db, hashAgentKey(key)) : undefined
      if (agent === undefined) {
        ws.close(CLOSE.unauthorized, 'the key is unknown or was revoked')
        return
      }
      const connection = { agentId: agent.id, channel: NAME, replicaId: this.#replicaId, connectedAt }
      const socket = new AgentSocket(ws, agent.id, this.#orchestrator, this.#logger)
      const { live, running } = await dutiesOf(this.#orchestrator, agent.id)
      // gone meanwhile: it will not say so again
      if (ws.readyState !== ws.OPEN) return
      if (this.#stopped) {
        ws.close(CLOSE.goingAway, 'the server is stopping')
        return
      }
      const hello = { id: agent.id, name: agent.name }
      crashPoint('before', 'frame hello')
      // before the socket is found by others: nothing may come ahead of hello
      socket.send({ type: 'hello', id: randomUUID(), protocol: PROTOCOL_VERSION, agent: hello, resume: live })
      crashPoint('after', 'frame hello')
      socket.resume(running)
      this.#agents.get(agent.id)?.socket.close(CLOSE.replaced, 'the agent connected again')
      this.#agents.set(agent.id, { socket, connection })
      ws.once('close', () => {
        if (this.#agents.get(agent.id)?.socket === socket) this.#agents.delete(agent.id)
        if (this.#stopped) return
        agentDisconnected(this.#orchestrator, connection).catch((error: unknown) =>
          this.#logger.error({ err: error, agent: agent.name }, 'a disconnection was not recorded'),
        )
      })
      ws.off('message', keep)
      socket.listen(early)
      await agentConnected(this.#orchestrator, connection)
      // its end may have been recorded before its beginning
      if (ws.readyState !== ws.OPEN) return await agentDisconnected(this.#orchestrator, connection)
      await this.deliver(agent.id)
      this.#logger.info({ agent: agent.name }, 'agent connected')
    } catch (error) {
      this.#logger.error({ err: error }, 'an agent could not be admitted')
      ws.close(1011, 'the server failed; connect again')
    }
  }

  async deliver(agentId: number): Promise<void> {
    const held = this.#agents.get(agentId)
    await held?.socket.inTurn(() => this.#tell(agentId, held))
  }

  async #tell(agentId: number, { socket, connection }: Held): Promise<void> {
    const current = await findConnection(this.#orchestrator.db, agentId, NAME)
    if (current !== undefined && current.connectedAt > connection.connectedAt) {
      // on another replica, or it would be the one that is held here
      socket.close(CLOSE.replaced, 'the agent connected again')
      return
    }
    const duties = await dutiesOf(this.#orchestrator, agentId)
    for (const { session, reason } of duties.stopping) socket.tellToStop(session, reason)
    for (const session of duties.waiting) {
      if (socket.wasTold(session.id)) continue
      socket.assign(await assignmentOf(this.#orchestrator, session))
    }
    socket.endOthers(duties.live)
  }

  /** Looks at all agents of this replica again: notifications may have been lost. */
  async deliverAll(): Promise<void> {
    for (const agentId of [...this.#agents.keys()]) {
      await this.deliver(agentId).catch((error: unknown) =>
        this.#logger.error({ err: error, agentId }, 'an agent could not be told'),
      )
    }
  }

  /** Says that the connections of this replica still live; without it they fade. */
  async renew(): Promise<void> {
    await renewConnections(
      this.#orchestrator.db,
      [...this.#agents.values()].map(({ connection }) => connection),
    )
  }

  #ping(): void {
    for (const { socket } of this.#agents.values()) socket.ping()
  }

  /** Says goodbye; agents connect again elsewhere, and until then they are offline. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) clearInterval(timer)
    const held = [...this.#agents.values()]
    this.#agents.clear()
    for (const { socket } of held) socket.close(CLOSE.goingAway, 'the server is stopping')
    // a peer that does not answer must not keep the server from stopping
    setTimeout(() => {
      for (const { socket } of held) socket.terminate()
    }, GOODBYE_MS).unref()
    for (const { connection } of held) await agentDisconnected(this.#orchestrator, connection)
  }
}

function parseFrame(text: string): AgentFrame | null {
  try {
    const parsed = AgentFrame.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
