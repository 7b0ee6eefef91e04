import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { WebSocketChannel } from '../../src/channels/websocket.ts'
import { type Notifications, openNotifications } from '../../src/db/notifications.ts'
import { type Agent, findAgent } from '../../src/db/repositories/agents.ts'
import { findConnection } from '../../src/db/repositories/connections.ts'
import type { Project } from '../../src/db/repositories/projects.ts'
import { forgetFadedConnections } from '../../src/orchestrator/agent-presence.ts'
import { changeTask } from '../../src/orchestrator/change-task.ts'
import { completeSession } from '../../src/orchestrator/complete-session.ts'
import { dispatch } from '../../src/orchestrator/dispatch.ts'
import { freezeTask } from '../../src/orchestrator/freeze.ts'
import { CHANNELS, type Orchestrator } from '../../src/orchestrator/orchestrator.ts'
import { sweepSessions } from '../../src/orchestrator/sweep-sessions.ts'
import { CLOSE } from '../../src/protocol/socket.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { connectScriptedAgent, type ScriptedAgent } from '../harness/scripted-agent.ts'
import { until } from '../harness/wait.ts'
import { type Core, createCore, report } from '../integration/core.ts'

/** One replica: its own channel, notifications and door, on the common database. */
interface Replica {
  id: string
  url: string
  orchestrator: Orchestrator
  channel: WebSocketChannel
  notifications: Notifications
  server: Server
  /** False: its notifications get lost. */
  hears: boolean
}

const logger = createLogger('silent')
let core: Core
let project: Project
let replicas: [Replica, Replica]
let open: ScriptedAgent[] = []
/** Which replica the next connection goes to. */
let towards: Replica

beforeAll(async () => {
  core = await createCore()
  project = await core.project({ limits: { concurrent_sessions: 1000, max_attempts: 9 } })
  replicas = [await startReplica(), await startReplica()]
})
afterAll(async () => {
  for (const replica of replicas) await stopReplica(replica)
  await core.drop()
})
beforeEach(() => {
  towards = replicas[0]
  for (const replica of replicas) replica.hears = true
})
afterEach(async () => {
  for (const agent of open) await agent.close()
  open = []
})

async function startReplica(): Promise<Replica> {
  const { url, pool } = core.database
  const notifications = await openNotifications({ url, pool, logger })
  const orchestrator: Orchestrator = {
    ...core.orchestrator,
    notify: (channel, payload) => notifications.publish(channel, payload),
  }
  const id = randomUUID()
  const channel = new WebSocketChannel(orchestrator, id, logger)
  const server = createServer()
  server.on('upgrade', (request, socket, head) => channel.upgrade(request, socket, head))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const replica = { id, url: address, orchestrator, channel, notifications, server, hears: true }
  const deliver = async (agentId: string): Promise<void> => {
    if (replica.hears) await channel.deliver(Number(agentId))
  }
  await notifications.subscribe(CHANNELS.assignment, deliver)
  await notifications.subscribe(CHANNELS.stop, deliver)
  return replica
}

async function stopReplica(replica: Replica): Promise<void> {
  await replica.channel.stop()
  await replica.notifications.close()
  replica.server.closeAllConnections()
  await new Promise((resolve) => replica.server.close(resolve))
}

async function connect(
  options: { maxConcurrent?: number } = {},
): Promise<{ agent: Agent; socket: ScriptedAgent }> {
  const agent = await core.agent(project, { ...options, connected: false })
  const socket = await connectScriptedAgent(agent.name, core.keyOf(agent.id), () => towards.url)
  open.push(socket)
  await holds(agent, towards)
  return { agent, socket }
}

const row = (agent: Agent) => findConnection(core.database.db, agent.id, 'websocket')
const status = async (agent: Agent) => (await findAgent(core.database.db, agent.id))?.status
const holds = (agent: Agent, replica: Replica) =>
  until('the replica holds the agent', async () => (await row(agent))?.replicaId === replica.id)
/** A task that only this agent may do, given out by a replica. */
async function assign(agent: Agent, by: Replica): Promise<number> {
  const task = await core.claimable(project, { labels: ['process', `agent: ${agent.name}`] })
  expect(await dispatch(by.orchestrator, { taskId: task.id })).toHaveLength(1)
  return task.id
}
const told = (socket: ScriptedAgent, type: string): number =>
  socket.frames.filter((frame) => frame.type === type).length

describe('an agent', () => {
  test('gets what another replica dispatched, once, however many look at the same time', async () => {
    const { agent, socket } = await connect({ maxConcurrent: 2 })
    await assign(agent, replicas[1])
    const first = await socket.assignment()
    const task = await core.claimable(project, { labels: ['process', `agent: ${agent.name}`] })
    const [session] = await dispatch(replicas[1].orchestrator, { taskId: task.id })
    await Promise.all(Array.from({ length: 20 }, () => replicas[0].channel.deliver(agent.id)))
    expect((await socket.assignment()).session.id).toBe(session)
    await replicas[0].channel.deliver(agent.id)
    expect((await socket.accept(first)).type).toBe('answer')
    expect(told(socket, 'task_assigned')).toBe(2)
    expect(told(socket, 'stop')).toBe(0)
  })

  test('finds its work again on the other replica, nothing lost and nothing told twice', async () => {
    const { agent, socket } = await connect({ maxConcurrent: 3 })
    await assign(agent, replicas[0])
    const running = await socket.assignment()
    await socket.accept(running)
    await assign(agent, replicas[0])
    const unanswered = await socket.assignment()
    await socket.disconnect()
    towards = replicas[1]
    const third = await core.claimable(project, { labels: ['process', `agent: ${agent.name}`] })
    const missed = await core.claim(third.id, agent.id)
    await socket.reconnect()
    const hello = socket.frames.findLast((frame) => frame.type === 'hello')
    expect(hello).toMatchObject({ resume: [running.session.id, unanswered.session.id, missed.id] })
    const again = [(await socket.assignment()).session.id, (await socket.assignment()).session.id]
    expect(again).toEqual([unanswered.session.id, missed.id])
    for (const assignment of [running, unanswered]) {
      expect((await socket.progress(assignment, { message: 'going on' })).type).toBe('answer')
    }
    await replicas[1].channel.deliverAll()
    await socket.send({ type: 'heartbeat' })
    expect(told(socket, 'task_assigned')).toBe(4)
    // the end of work that it brought along is told like that of any other
    await freezeTask(core.orchestrator, running.task.id, 'The issue was deleted.')
    await replicas[1].channel.deliver(agent.id)
    expect(await socket.stopped(running.session.id)).toMatchObject({ reason: 'revoked' })
  })

  test('stays reachable when the old replica notices late that it has moved', async () => {
    const { agent, socket } = await connect()
    const stale = new WebSocket(`${replicas[0].url.replace('http', 'ws')}/ws`, {
      headers: { authorization: `Bearer ${core.keyOf(agent.id)}` },
    })
    const closed = new Promise<number>((resolve) => stale.on('close', resolve))
    const greeted = new Promise((resolve) => stale.once('message', resolve))
    await greeted
    const before = await row(agent)
    replicas[0].hears = false
    towards = replicas[1]
    await socket.reconnect()
    await holds(agent, replicas[1])
    expect((await row(agent))?.connectedAt.getTime()).toBeGreaterThanOrEqual(
      before?.connectedAt.getTime() ?? 0,
    )
    stale.terminate()
    await closed
    // the close has been handled when a later connection to the same replica is
    const other = await connectOther(replicas[0])
    expect(await status(other.agent)).toBe('available')
    expect((await row(agent))?.replicaId).toBe(replicas[1].id)
    expect(await status(agent)).toBe('available')
    await assign(agent, replicas[0])
    await socket.assignment()
  })

  test('is let go of by the replica that holds an older connection of it', async () => {
    const { agent, socket } = await connect()
    const first = await new Promise<WebSocket>((resolve) => {
      const ws = new WebSocket(`${replicas[0].url.replace('http', 'ws')}/ws`, {
        headers: { authorization: `Bearer ${core.keyOf(agent.id)}` },
      })
      ws.once('message', () => resolve(ws))
    })
    const code = new Promise<number>((resolve) => first.on('close', resolve))
    towards = replicas[1]
    await socket.reconnect()
    expect(await code).toBe(CLOSE.replaced)
    await assign(agent, replicas[0])
    await socket.assignment()
    expect((await row(agent))?.replicaId).toBe(replicas[1].id)
  })

  test('is offline when it has gone, and available when it is back', async () => {
    const { agent, socket } = await connect()
    expect(await status(agent)).toBe('available')
    await socket.disconnect()
    await until('it is offline', async () => (await status(agent)) === 'offline')
    expect(await row(agent)).toBeUndefined()
    await socket.reconnect()
    await until('it is back', async () => (await status(agent)) === 'available')
  })

  test('whose key was revoked is not let in', async () => {
    const ws = new WebSocket(`${replicas[0].url.replace('http', 'ws')}/ws`, {
      headers: { authorization: `Bearer mc_12345678_${'x'.repeat(43)}` },
    })
    const code = await new Promise<number>((resolve) => ws.on('close', resolve))
    expect(code).toBe(CLOSE.unauthorized)
  })
})

describe('when notifications get lost', () => {
  test('an untold session is told at the next look, and a stop, too', async () => {
    const { agent, socket } = await connect()
    replicas[0].hears = false
    const taskId = await assign(agent, replicas[1])
    await replicas[1].notifications.flush()
    expect(told(socket, 'task_assigned')).toBe(0)
    await replicas[0].channel.deliverAll()
    const assignment = await socket.assignment()
    await socket.accept(assignment)
    await changeTask(core.orchestrator, { taskId, event: 'paused', actor: 'maya' })
    await replicas[0].channel.deliverAll()
    expect(await socket.stopped(assignment.session.id)).toMatchObject({ reason: 'pause' })
  })

  test('a session that nobody was told of goes back when its time is over', async () => {
    const { agent, socket } = await connect()
    replicas[0].hears = false
    const taskId = await assign(agent, replicas[1])
    core.clock.advance(16)
    await sweepSessions(replicas[1].orchestrator)
    expect(await core.task(taskId)).toMatchObject({ status: 'ready', attempts: 0 })
    replicas[0].hears = true
    await replicas[0].channel.deliverAll()
    expect(told(socket, 'task_assigned')).toBe(0)
  })
})

describe('a replica', () => {
  test('that died fades: its agents get no work, then they are offline', async () => {
    const { agent } = await connect()
    const age = (seconds: number) =>
      core.database.pool.query(
        'update agent_connections set seen_at = now() - make_interval(secs => $1) where agent_id = $2',
        [seconds, agent.id],
      )
    await age(40)
    await forgetFadedConnections(replicas[1].orchestrator)
    expect(await status(agent)).toBe('available')
    await age(46)
    const task = await core.claimable(project, { labels: ['process', `agent: ${agent.name}`] })
    expect(await dispatch(replicas[1].orchestrator, { taskId: task.id })).toEqual([])
    await Promise.all(replicas.map((replica) => forgetFadedConnections(replica.orchestrator)))
    expect(await status(agent)).toBe('offline')
    // it was not dead after all: what it holds is known again
    await replicas[0].channel.renew()
    expect(await row(agent)).toMatchObject({ replicaId: replicas[0].id })
    expect(await dispatch(replicas[1].orchestrator, { taskId: task.id })).toHaveLength(1)
  })

  test('that renews does not take back an agent that has moved on', async () => {
    const { agent, socket } = await connect()
    replicas[0].hears = false
    const older = await new Promise<WebSocket>((resolve) => {
      const ws = new WebSocket(`${replicas[0].url.replace('http', 'ws')}/ws`, {
        headers: { authorization: `Bearer ${core.keyOf(agent.id)}` },
      })
      ws.once('message', () => resolve(ws))
    })
    towards = replicas[1]
    await socket.reconnect()
    await holds(agent, replicas[1])
    await replicas[0].channel.renew()
    expect((await row(agent))?.replicaId).toBe(replicas[1].id)
    older.terminate()
  })

  test('that stops says goodbye and leaves no agent behind', async () => {
    const extra = await startReplica()
    towards = extra
    const { agent, socket } = await connect()
    await stopReplica(extra)
    expect(await row(agent)).toBeUndefined()
    expect(await status(agent)).toBe('offline')
    towards = replicas[1]
    await socket.reconnect()
    await holds(agent, replicas[1])
  })
})

describe('frames', () => {
  test('that come twice are answered twice and done once', async () => {
    const { agent, socket } = await connect()
    const taskId = await assign(agent, replicas[0])
    const { session } = await socket.assignment()
    const frame = { type: 'complete', session: session.id, report: report('failed') } as const
    const first = await socket.send(frame, 'the same id')
    expect(await socket.send(frame, 'the same id')).toEqual(first)
    // and over a new connection, where nobody remembers the id
    towards = replicas[1]
    await socket.disconnect()
    await socket.reconnect()
    expect(await socket.send(frame, 'the same id')).toMatchObject({
      completion: { sessionStatus: 'failed', taskStatus: 'ready' },
    })
    expect(await core.task(taskId)).toMatchObject({ attempts: 1, tokensUsed: 127 })
    expect(told(socket, 'stop')).toBe(0)
  })

  test('about a session of another agent are refused', async () => {
    const [one, other] = [await connect(), await connect()]
    await assign(one.agent, replicas[0])
    const assignment = await one.socket.assignment()
    for (const answer of [
      await other.socket.accept(assignment),
      await other.socket.progress(assignment),
      await other.socket.complete(assignment),
      await other.socket.send({ type: 'declined', session: assignment.session.id, reason: 'mine' }),
    ]) {
      expect(answer).toMatchObject({ type: 'refused', code: 'not_found' })
    }
    expect((await core.session(assignment.session.id)).status).toBe('dispatched')
  })

  test('a decline that comes too late leaves the session as it is, and its end is told', async () => {
    const { agent, socket } = await connect()
    await assign(agent, replicas[0])
    const assignment = await socket.assignment()
    await socket.accept(assignment)
    const declined = { type: 'declined', session: assignment.session.id, reason: 'changed my mind' } as const
    expect(await socket.send(declined)).toMatchObject({ type: 'refused', code: 'already_running' })
    await completeSession(core.orchestrator, assignment.session.id, report('failed'))
    await replicas[0].channel.deliver(agent.id)
    expect(await socket.stopped(assignment.session.id)).toMatchObject({ reason: 'revoked' })
  })
})

async function connectOther(replica: Replica): Promise<{ agent: Agent; socket: ScriptedAgent }> {
  const before = towards
  towards = replica
  const made = await connect()
  towards = before
  return made
}
