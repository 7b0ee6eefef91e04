import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { findAgentByKey } from '../db/repositories/agents.ts'
import { renewConnections } from '../db/repositories/connections.ts'
import { agentConnected, agentDisconnected } from '../orchestrator/agent-presence.ts'
import { assignmentOf, dutiesOf } from '../orchestrator/assignment.ts'
import type { Orchestrator } from '../orchestrator/orchestrator.ts'
import { PROTOCOL_VERSION } from '../protocol/assignment.ts'
import { AgentFrame, AUTH_SECONDS, CLOSE, MAX_FRAME_BYTES } from '../protocol/socket.ts'
import { hashAgentKey, isAgentKey } from '../runtime/keys.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Channel } from './channel.ts'
import { AgentSocket } from './websocket-agent.ts'

const NAME = 'websocket'
const PING_MS = 20_000
const RENEW_MS = 15_000

/** Agents over WebSocket: keeps the sockets of this replica and carries frames both ways. */
export class WebSocketChannel implements Channel {
  readonly name = NAME
  readonly #orchestrator: Orchestrator
  readonly #logger: Logger
  readonly #replicaId: string
  readonly #agents = new Map<number, AgentSocket>()
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: MAX_FRAME_BYTES,
  })
  readonly #timers: NodeJS.Timeout[]
  #stopped = false

  constructor(orchestrator: Orchestrator, replicaId: string, logger: Logger) {
    this.#orchestrator = orchestrator
    this.#replicaId = replicaId
    this.#logger = logger
    this.#timers = [
      setInterval(() => this.#ping(), PING_MS),
      setInterval(() => {
        renewConnections(orchestrator.db, replicaId).catch((error: unknown) =>
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
    const timer = setTimeout(
      () => ws.close(CLOSE.authTimeout, 'no auth frame came in time'),
      AUTH_SECONDS * 1000,
    )
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
    const keep = (data: { toString(): string }): void => {
      if (early.length < 100) early.push(data.toString())
    }
    ws.on('message', keep)
    try {
      const agent = isAgentKey(key)
        ? await findAgentByKey(this.#orchestrator.db, hashAgentKey(key))
        : undefined
      if (agent === undefined || this.#stopped) {
        ws.close(CLOSE.unauthorized, 'the key is unknown or was revoked')
        return
      }
      this.#agents.get(agent.id)?.close(CLOSE.replaced, 'the agent connected again')
      const connection = { agentId: agent.id, channel: NAME, replicaId: this.#replicaId }
      const socket = new AgentSocket(ws, agent.id, this.#orchestrator, this.#logger)
      const { live } = await dutiesOf(this.#orchestrator, agent.id)
      const hello = { id: agent.id, name: agent.name }
      // before the socket is found by others: nothing may come ahead of hello
      socket.send({ type: 'hello', id: randomUUID(), protocol: PROTOCOL_VERSION, agent: hello, resume: live })
      this.#agents.set(agent.id, socket)
      ws.once('close', () => {
        if (this.#agents.get(agent.id) !== socket) return
        this.#agents.delete(agent.id)
        agentDisconnected(this.#orchestrator, connection).catch((error: unknown) =>
          this.#logger.error({ err: error, agent: agent.name }, 'a disconnection was not recorded'),
        )
      })
      ws.off('message', keep)
      socket.listen(early)
      await agentConnected(this.#orchestrator, connection)
      await this.deliver(agent.id)
      this.#logger.info({ agent: agent.name }, 'agent connected')
    } catch (error) {
      this.#logger.error({ err: error }, 'an agent could not be admitted')
      ws.close(1011, 'the server failed; connect again')
    }
  }

  async deliver(agentId: number): Promise<void> {
    const socket = this.#agents.get(agentId)
    if (socket === undefined) return
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
    for (const agentId of this.#agents.keys()) await this.deliver(agentId)
  }

  #ping(): void {
    for (const socket of this.#agents.values()) socket.ping()
  }

  /** Says goodbye; agents connect again elsewhere. Connections of this replica are forgotten by the caller. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) clearInterval(timer)
    for (const socket of this.#agents.values()) socket.close(CLOSE.goingAway, 'the server is stopping')
    this.#agents.clear()
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
