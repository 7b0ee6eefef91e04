import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Assignment } from '../../src/protocol/assignment.ts'
import { type AgentFrame, ServerFrame } from '../../src/protocol/socket.ts'

const LIFE_MS = 15_000
const PATIENCE_MS = 120_000
const LOOK_MS = 20

/** An agent that accepts what it is given and keeps it: its sessions live as long as the stack. */
export interface KeepingAgent {
  /** The assignment of a repository (`owner/name`), once it was accepted. Throws when none comes. */
  assignment(repository: string): Promise<Assignment>
}

/** Connects the agent. It shows signs of life for all its sessions until the stack is unwound. */
export async function connectKeepingAgent(
  stack: AsyncDisposableStack,
  serverUrl: string,
  key: string,
): Promise<KeepingAgent> {
  const accepted = new Map<string, Assignment>()
  const problems: string[] = []
  const accepting = new Map<string, Assignment>()
  const socket = new WebSocket(`${serverUrl.replace(/^http/, 'ws')}/ws`, {
    headers: { authorization: `Bearer ${key}` },
  })
  let frames = 0
  const nextId = (): string => {
    frames += 1
    return `frame-${frames}`
  }
  const send = (frame: AgentFrame): void => socket.send(JSON.stringify(frame))
  const life = setInterval(() => {
    for (const { session } of accepted.values())
      send({ type: 'progress', id: nextId(), session: session.id, report: {} })
  }, LIFE_MS)
  stack.defer(() => {
    clearInterval(life)
    socket.removeAllListeners('close')
    socket.terminate()
  })
  socket.on('close', (code, reason) => problems.push(`the socket was closed: ${code} ${reason}`))
  socket.on('message', (data) => {
    const frame = ServerFrame.parse(JSON.parse(data.toString()))
    if (frame.type === 'task_assigned') {
      const id = nextId()
      accepting.set(id, frame.assignment)
      send({ type: 'accepted', id, session: frame.assignment.session.id })
    }
    if (frame.type === 'answer') {
      const assignment = accepting.get(frame.to)
      if (assignment !== undefined)
        accepted.set(new URL(assignment.project.repoUrl).pathname.slice(1), assignment)
    }
    if (frame.type === 'stop') problems.push(`session ${frame.session} was stopped: ${frame.reason}`)
    if (frame.type === 'refused') problems.push(`${frame.code}: ${frame.detail}`)
  })
  await once(socket, 'open')
  return {
    async assignment(repository) {
      const deadline = performance.now() + PATIENCE_MS
      for (;;) {
        if (problems.length > 0) throw new Error(`the agent met a problem: ${problems.join('; ')}`)
        const found = accepted.get(repository)
        if (found !== undefined) return found
        if (performance.now() > deadline) throw new Error(`no task of ${repository} was assigned`)
        await delay(LOOK_MS)
      }
    },
  }
}
