import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { WebSocket } from 'ws'
import type { Assignment } from '../../src/protocol/assignment.ts'
import type { CompletionReport, ProgressReport } from '../../src/protocol/report.ts'
import { type AgentFrame, ServerFrame } from '../../src/protocol/socket.ts'
import { until } from './wait.ts'

type Answer = Extract<ServerFrame, { type: 'answer' | 'refused' }>
type Without<Frame> = Frame extends { id: string } ? Omit<Frame, 'id'> : never

/** An agent whose every move a test decides: real socket, real git, no runner. */
export interface ScriptedAgent {
  name: string
  key: string
  /** All frames that came, in order. */
  frames: ServerFrame[]
  /** The next assignment that was not asked for yet. */
  assignment(): Promise<Assignment>
  /** Sends a frame and waits for its answer. */
  send(frame: Without<AgentFrame>, id?: string): Promise<Answer>
  accept(assignment: Assignment): Promise<Answer>
  progress(assignment: Assignment, report?: ProgressReport): Promise<Answer>
  complete(assignment: Assignment, report?: Partial<CompletionReport>): Promise<Answer>
  /** The first stop frame for the session. */
  stopped(session: number): Promise<Extract<ServerFrame, { type: 'stop' }>>
  /** Clones through the gateway into a directory of the test, on the assignment's branch. */
  clone(assignment: Assignment): Promise<Clone>
  disconnect(): Promise<void>
  reconnect(): Promise<void>
  close(): Promise<void>
}

/** A working copy of the session. */
export interface Clone {
  path: string
  /** Runs git with the session's credential; answers what it printed, also when it failed. */
  git(...args: string[]): Promise<{ ok: boolean; output: string }>
  /** Writes files and commits them; answers the commit. */
  commit(files: Record<string, string>, message?: string): Promise<string>
  push(ref?: string): Promise<{ ok: boolean; output: string }>
}

export async function connectScriptedAgent(
  name: string,
  key: string,
  url: () => string,
): Promise<ScriptedAgent> {
  const frames: ServerFrame[] = []
  const taken = new Set<string>()
  const directories: string[] = []
  let socket = await open()

  async function open(): Promise<WebSocket> {
    const ws = new WebSocket(`${url().replace('http', 'ws')}/ws`, {
      headers: { authorization: `Bearer ${key}` },
    })
    const hellos = frames.filter((frame) => frame.type === 'hello').length
    ws.on('message', (data) => frames.push(ServerFrame.parse(JSON.parse(data.toString()))))
    ws.on('error', () => {})
    await until(`${name} is greeted`, () => frames.filter((frame) => frame.type === 'hello').length > hellos)
    return ws
  }

  const agent: ScriptedAgent = {
    name,
    key,
    frames,
    assignment: () =>
      until(`${name} gets an assignment`, () => {
        const frame = frames.find((one) => one.type === 'task_assigned' && !taken.has(one.id))
        if (frame?.type !== 'task_assigned') return null
        taken.add(frame.id)
        return frame.assignment
      }),
    async send(frame, id = randomUUID()) {
      const before = frames.filter((one) => 'to' in one && one.to === id).length
      socket.send(JSON.stringify({ ...frame, id }))
      return until(`an answer to ${frame.type}`, () => {
        const answers = frames.filter((one): one is Answer => 'to' in one && one.to === id)
        return answers.length > before ? answers.at(-1) : null
      })
    },
    accept: ({ session }) => agent.send({ type: 'accepted', session: session.id }),
    progress: ({ session }, report = {}) => agent.send({ type: 'progress', session: session.id, report }),
    complete: ({ session }, report = {}) =>
      agent.send({
        type: 'complete',
        session: session.id,
        report: {
          outcome: 'pull_request',
          summary: 'Did what was asked.',
          usage: { tokens: { input: 100, output: 20, cacheRead: 0, cacheWrite: 0 } },
          ...report,
        },
      }),
    stopped: (session) =>
      until(`${name} is told to stop`, () => {
        const frame = frames.find((one) => one.type === 'stop' && one.session === session)
        return frame?.type === 'stop' ? frame : null
      }),
    async clone(assignment) {
      const directory = await mkdtemp(join(tmpdir(), 'mc-clone-'))
      directories.push(directory)
      return cloneInto(join(directory, 'repo'), { ...assignment.git, password: assignment.session.token })
    },
    async disconnect() {
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.terminate()
      await closed
    },
    async reconnect() {
      socket = await open()
    },
    async close() {
      socket.terminate()
      for (const directory of directories) await rm(directory, { recursive: true, force: true })
    },
  }
  return agent
}

/** Clones as somebody with a user name and a password, and checks a branch out: from the remote, else from the base. */
export async function cloneInto(
  path: string,
  from: { url: string; username: string; password: string; branch: string; base: string },
): Promise<Clone> {
  const { url, username, password, branch, base } = from
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  const run = (args: string[], cwd?: string): Promise<{ ok: boolean; output: string }> =>
    new Promise((resolve) => {
      execFile(
        'git',
        args,
        {
          ...(cwd ? { cwd } : {}),
          env: {
            PATH: process.env.PATH,
            LC_ALL: 'C',
            HOME: '/nonexistent',
            GIT_CONFIG_NOSYSTEM: '1',
            GIT_TERMINAL_PROMPT: '0',
            GIT_CONFIG_COUNT: '3',
            GIT_CONFIG_KEY_0: 'http.extraHeader',
            GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
            GIT_CONFIG_KEY_1: 'user.name',
            GIT_CONFIG_VALUE_1: 'agent',
            GIT_CONFIG_KEY_2: 'user.email',
            GIT_CONFIG_VALUE_2: 'agent@example.test',
          },
        },
        (error, stdout, stderr) => resolve({ ok: error === null, output: `${stdout}${stderr}` }),
      )
    })
  const cloned = await run(['clone', '--quiet', url, path])
  if (!cloned.ok) throw new Error(cloned.output)
  const remote = await run(['rev-parse', '--verify', `origin/${branch}`], path)
  const start = remote.ok ? `origin/${branch}` : `origin/${base}`
  const checkedOut = await run(['checkout', '--quiet', '--no-track', '-b', branch, start], path)
  if (!checkedOut.ok) throw new Error(checkedOut.output)
  const clone: Clone = {
    path,
    git: (...args) => run(args, path),
    async commit(files, message = 'Do what was asked') {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(path, name)), { recursive: true })
        await writeFile(join(path, name), text)
      }
      await run(['add', '-A'], path)
      const committed = await run(['commit', '--quiet', '-m', message], path)
      if (!committed.ok) throw new Error(committed.output)
      return (await run(['rev-parse', 'HEAD'], path)).output.trim()
    },
    push: (ref = branch) => run(['push', 'origin', `HEAD:refs/heads/${ref}`], path),
  }
  return clone
}
