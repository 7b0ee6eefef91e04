import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type AgentOptions, readAgentConfig } from '../../src/agent/config.ts'
import { type AgentRunner, startRunner } from '../../src/agent/runner.ts'
import { DEFAULT_TUNING, type Tuning } from '../../src/agent/tuning.ts'
import type { Assignment } from '../../src/protocol/assignment.ts'
import type { CompletionReport } from '../../src/protocol/report.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { FakeServer } from './fake-server.ts'
import { type GitRemote, startGitRemote } from './git-remote.ts'

export const KEY = 'mc_abcd1234_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG'
export const TOKEN = 'mcs_7_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG'
export const BRANCH = 'agent/worker-add-a-greeting-12'

/** Times of production divided by about fifty: nothing in a test waits for a clock. */
const FAST: Tuning = {
  ...DEFAULT_TUNING,
  reconnectMinMs: 10,
  reconnectMaxMs: 50,
  progressMs: 10,
  usagePollMs: 20,
  graceMs: 2_000,
  farewellMs: 2_000,
  gitRetryMs: [10, 10],
}

export type Changes = {
  session?: Partial<Assignment['session']>
  task?: Partial<Assignment['task']>
  git?: Partial<Assignment['git']>
  project?: Partial<Assignment['project']>
  workspace?: Partial<Assignment['workspace']>
} & Partial<Pick<Assignment, 'model' | 'tokenBudget' | 'wallClockSeconds'>>

/** A server, a repository and a work directory; everything is gone when the test has ended. */
export class Loop {
  readonly server: FakeServer
  readonly remote: GitRemote
  readonly workDir: string

  private constructor(server: FakeServer, remote: GitRemote, workDir: string) {
    this.server = server
    this.remote = remote
    this.workDir = workDir
  }

  static async start(): Promise<Loop> {
    const root = await mkdtemp(join(tmpdir(), 'mission-control-agent-'))
    onTestFinished(() => rm(root, { recursive: true, force: true }))
    const remote = await startGitRemote(join(root, 'remote'), { username: 'session', password: TOKEN })
    onTestFinished(() => remote.close())
    await remote.commit('main', { 'README.md': 'widgets\n' })
    const server = await FakeServer.start()
    onTestFinished(() => server.close())
    return new Loop(server, remote, join(root, 'work'))
  }

  /** Starts a runner whose program is this shell command line. */
  async runner(
    command: string,
    changes: { options?: AgentOptions; env?: Record<string, string>; tuning?: Partial<Tuning> } = {},
  ): Promise<AgentRunner> {
    const options = { url: this.server.url, command, workDir: this.workDir, ...changes.options }
    const env = { PATH: process.env.PATH, MISSION_CONTROL_AGENT_KEY: KEY, ...changes.env }
    const read = readAgentConfig(options, env)
    if (!read.ok) throw new Error(JSON.stringify(read.problems))
    const runner = await startRunner(read.config, createLogger('silent'), { ...FAST, ...changes.tuning })
    onTestFinished(async () => {
      void runner.stop('test')
      await runner.stop('test')
    })
    return runner
  }

  assignment(changes: Changes = {}): Assignment {
    return {
      protocol: 1,
      session: { id: 7, token: TOKEN, leaseSeconds: 120, attempt: 1, mode: 'new', ...changes.session },
      task: {
        id: 3,
        title: 'Add a greeting',
        url: 'https://github.example/acme/widgets/issues/12',
        number: 12,
        priority: 'medium',
        tags: [],
        estimatedTokens: null,
        ...changes.task,
      },
      project: {
        name: 'widgets',
        repoUrl: 'https://github.example/acme/widgets',
        defaultBranch: 'main',
        contextFile: 'CONTEXT.md',
        ...changes.project,
      },
      git: { url: this.remote.url, branch: BRANCH, base: 'main', username: 'session', ...changes.git },
      workspace: { setup: null, verify: null, ...changes.workspace },
      model: changes.model ?? null,
      tokenBudget: changes.tokenBudget ?? null,
      wallClockSeconds: changes.wallClockSeconds ?? 60,
      context: { markdown: '# Add a greeting\n\nPlease.\n', sha256: '0'.repeat(64), tokens: 8 },
    }
  }

  /** Runs one assignment with this program from beginning to end. */
  async complete(
    command: string,
    changes: Changes & { options?: AgentOptions; env?: Record<string, string> } = {},
  ): Promise<CompletionReport> {
    const { options, env, ...rest } = changes
    await this.runner(command, { ...(options && { options }), ...(env && { env }) })
    await this.server.connected(1)
    this.server.assign(this.assignment(rest))
    return (await this.server.next('complete')).report
  }

  sessions(): Promise<string[]> {
    return readdir(join(this.workDir, 'sessions'))
  }
}
