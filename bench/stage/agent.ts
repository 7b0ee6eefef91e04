import { once } from 'node:events'
import { WebSocket } from 'ws'
import { type AgentFrame, ServerFrame } from '../../src/protocol/socket.ts'

/** An agent that takes every assignment and is done with it at once, so that only our own work is measured. */
export interface QuickAgent {
  /** When it held the assignment of each issue, in milliseconds since the epoch. */
  readonly held: ReadonlyMap<number, number>
  /** What went wrong: a refusal, a frame it does not know, a lost socket. */
  readonly problems: readonly string[]
}

/** Connects the agent and waits for its welcome. It leaves when the stack is unwound. */
export async function connectQuickAgent(
  stack: AsyncDisposableStack,
  serverUrl: string,
  key: string,
): Promise<QuickAgent> {
  const held = new Map<number, number>()
  const problems: string[] = []
  const accepting = new Map<string, number>()
  const socket = new WebSocket(`${serverUrl.replace(/^http/, 'ws')}/ws`, {
    headers: { authorization: `Bearer ${key}` },
  })
  stack.defer(() => {
    socket.removeAllListeners('close')
    socket.terminate()
  })
  let frames = 0
  const nextId = (): string => {
    frames += 1
    return `frame-${frames}`
  }
  const send = (frame: AgentFrame): void => socket.send(JSON.stringify(frame))
  const { promise: welcome, resolve, reject } = Promise.withResolvers<void>()
  socket.on('error', reject)
  socket.on('close', (code, reason) => {
    problems.push(`the socket was closed: ${code} ${reason}`)
    reject(new Error(problems.at(-1)))
  })
  socket.on('message', (data) => {
    const at = performance.timeOrigin + performance.now()
    const frame = ServerFrame.parse(JSON.parse(data.toString()))
    if (frame.type === 'hello') resolve()
    if (frame.type === 'task_assigned') {
      held.set(frame.assignment.task.number, at)
      const { id: session } = frame.assignment.session
      const id = nextId()
      accepting.set(id, session)
      send({ type: 'accepted', id, session })
    }
    if (frame.type === 'answer') {
      const session = accepting.get(frame.to)
      accepting.delete(frame.to)
      if (session !== undefined) send({ type: 'complete', id: nextId(), session, report: RESULT })
    }
    if (frame.type === 'refused') problems.push(`${frame.code}: ${frame.detail}`)
  })
  await Promise.race([welcome, once(socket, 'error').then(([error]) => Promise.reject(error))])
  return { held, problems }
}

const RESULT = {
  outcome: 'result',
  summary: 'Nothing was to be done.',
  usage: { tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } },
} as const
