import { DEFAULT_POLICY } from '../../src/config.ts'
import type { Agent } from '../../src/db/repositories/agents.ts'
import { databaseTime } from '../../src/db/repositories/connections.ts'
import { findProject, type Project, updateProject } from '../../src/db/repositories/projects.ts'
import { findSession, type Session, sessionsOfTask } from '../../src/db/repositories/sessions.ts'
import { findTask, type Task } from '../../src/db/repositories/tasks.ts'
import { acceptSession } from '../../src/orchestrator/acknowledge-session.ts'
import { agentConnected } from '../../src/orchestrator/agent-presence.ts'
import { claimTask } from '../../src/orchestrator/claim-task.ts'
import { createAgent } from '../../src/orchestrator/create-agent.ts'
import type { Channel, Orchestrator, Policy } from '../../src/orchestrator/orchestrator.ts'
import { requestTask } from '../../src/orchestrator/request-task.ts'
import type { TaskSources } from '../../src/orchestrator/sources.ts'
import { storeSources } from '../../src/orchestrator/store-sources.ts'
import {
  type IssueSnapshot,
  type Person,
  type RepositorySnapshot,
  touchProject,
} from '../../src/orchestrator/touch-task.ts'
import type { CompletionReport } from '../../src/protocol/report.ts'
import { RepositoryConfig } from '../../src/protocol/repository-config.ts'
import type { JobKind } from '../../src/queue/catalog.ts'
import { createServerKeys } from '../../src/runtime/keys.ts'
import { createTestDatabase, type TestDatabase } from '../harness/database.ts'

export const MAYA: Person = { id: 1, login: 'maya' }
const SERVER_KEY = 'a server key for tests, long enough to be one'

/** A clock that a test moves; it never runs by itself. */
interface TestClock {
  now(): Date
  advance(seconds: number): void
}

function testClock(start = new Date()): TestClock {
  let now = start.getTime()
  return {
    now: () => new Date(now),
    advance(seconds) {
      now += seconds * 1000
    },
  }
}

/** The use-cases over a real database: jobs and notifications are kept instead of sent. */
export interface Core {
  database: TestDatabase
  orchestrator: Orchestrator
  clock: TestClock
  jobs: { kind: JobKind; payload: unknown; delaySeconds: number | undefined }[]
  notified: { channel: Channel; payload: string }[]
  /** Kinds of the jobs that were enqueued since the last call. */
  newJobs(): JobKind[]
  project(config?: Record<string, unknown>): Promise<Project>
  agent(project: Project | Project[], options?: AgentOptions): Promise<Agent>
  /** The key of an agent that `agent` made. */
  keyOf(agentId: number): string
  /** Asks for an issue of the project; answers its task. */
  request(project: Project, issue?: Partial<IssueSnapshot>): Promise<Task>
  /** A requested task whose sources are fresh: claimable now. */
  claimable(project: Project, issue?: Partial<IssueSnapshot>): Promise<Task>
  gather(taskId: number): Promise<boolean>
  claim(taskId: number, agentId: number): Promise<Session>
  /** A task at work: claimed and accepted. */
  atWork(project: Project, agent: Agent): Promise<{ task: Task; session: Session }>
  task(id: number): Promise<Task>
  session(id: number): Promise<Session>
  sessions(taskId: number): Promise<Session[]>
  drop(): Promise<void>
}

export interface AgentOptions {
  maxConcurrent?: number
  capabilities?: string[]
  ownerMayWrite?: boolean
  name?: string
  connected?: boolean
}

export function sourcesOf(sha: string | null = 'a'.repeat(40)): TaskSources {
  return { issue: { trusted: true }, comments: [], base: { sha, instructions: [], files: [] } }
}

export function report(
  outcome: CompletionReport['outcome'],
  more: Partial<CompletionReport> = {},
): CompletionReport {
  return {
    outcome,
    summary: 'Did what was asked.',
    usage: { tokens: { input: 100, output: 20, cacheRead: 3, cacheWrite: 4 }, costUsd: 0.5 },
    ...(outcome === 'needs_clarification' ? { question: 'Which one?' } : {}),
    ...more,
  }
}

export function repositoryOf(project: Project): RepositorySnapshot {
  return {
    githubId: project.githubId,
    installationId: project.installationId,
    owner: project.ownerLogin,
    ownerId: project.installationId,
    name: project.name,
    private: project.private,
    defaultBranch: project.defaultBranch,
  }
}

export function issueOf(number: number, more: Partial<IssueSnapshot> = {}): IssueSnapshot {
  return {
    id: 10_000 + number,
    number,
    url: `https://github.test/maya/project/issues/${number}`,
    title: `Issue ${number}`,
    body: 'It should be 42.',
    authorId: MAYA.id,
    authorLogin: MAYA.login,
    open: true,
    updatedAt: new Date('2026-01-01T00:00:00Z'),
    labels: ['process'],
    comments: 0,
    ...more,
  }
}

export async function createCore(options: { policy?: Partial<Policy>; max?: number } = {}): Promise<Core> {
  const database = await createTestDatabase(options.max ? { max: options.max } : {})
  const { db } = database
  const clock = testClock()
  const jobs: Core['jobs'] = []
  const notified: Core['notified'] = []
  const orchestrator: Orchestrator = {
    db,
    clock,
    keys: createServerKeys(SERVER_KEY),
    policy: { ...DEFAULT_POLICY, ...options.policy },
    publicUrl: 'http://127.0.0.1:1',
    githubUrl: 'https://github.test',
    async enqueue(_trx, kind, payload, { delaySeconds } = {}) {
      jobs.push({ kind, payload, delaySeconds })
    },
    notify: (channel, payload) => void notified.push({ channel, payload }),
    random: () => 0.5,
  }
  const keys = new Map<number, string>()
  let counted = 0
  let seenJobs = 0
  const next = (): number => {
    counted += 1
    return counted
  }
  const found = async <Row>(row: Promise<Row | undefined>): Promise<Row> => {
    const one = await row
    if (one === undefined) throw new Error('there is no such row')
    return one
  }
  const core: Core = {
    database,
    orchestrator,
    clock,
    jobs,
    notified,
    newJobs() {
      const kinds = jobs.slice(seenJobs).map((job) => job.kind)
      seenJobs = jobs.length
      return kinds
    },
    async project(config = {}) {
      const id = next()
      const repository = {
        githubId: 500 + id,
        installationId: 900 + id,
        owner: 'maya',
        ownerId: 900 + id,
        name: `project-${id}`,
        private: false,
        defaultBranch: 'main',
      }
      const project = await db.transaction().execute((trx) => touchProject({ trx }, repository))
      const text = JSON.stringify(RepositoryConfig.parse(config))
      await db
        .transaction()
        .execute((trx) => updateProject(trx, project.id, { config: text, configSha: 'x' }))
      return found(findProject(db, project.id))
    },
    async agent(projects, agent = {}) {
      const all = Array.isArray(projects) ? projects : [projects]
      const made = await createAgent(db, {
        name: agent.name ?? `agent-${next()}`,
        owner: MAYA,
        provider: 'command',
        capabilities: agent.capabilities ?? ['coding', 'writing', 'research'],
        maxConcurrent: agent.maxConcurrent ?? 1,
        projects: all.map((project) => ({
          repository: repositoryOf(project),
          ownerMayWrite: agent.ownerMayWrite ?? true,
        })),
      })
      if (!made.ok) throw new Error(made.reason)
      keys.set(made.agent.id, made.key)
      if (agent.connected !== false) {
        await agentConnected(orchestrator, {
          agentId: made.agent.id,
          channel: 'websocket',
          replicaId: '00000000-0000-4000-8000-000000000001',
          connectedAt: await databaseTime(db),
        })
      }
      return made.agent
    },
    keyOf: (agentId) => keys.get(agentId) ?? '',
    async request(project, issue = {}) {
      const now = issueOf(issue.number ?? next(), issue)
      const asked = await requestTask(orchestrator, {
        repository: repositoryOf(project),
        seen: now,
        now,
        by: MAYA,
        via: 'label',
      })
      if (!asked.ok) throw new Error(asked.reason)
      return asked.task
    },
    async claimable(project, issue) {
      const task = await core.request(project, issue)
      await core.gather(task.id)
      return core.task(task.id)
    },
    async gather(taskId) {
      const task = await core.task(taskId)
      if (task.approvedSha256 === null) return false
      return storeSources(orchestrator, {
        taskId,
        approvedSha256: task.approvedSha256,
        sourcesAsked: task.sourcesAsked,
        sources: sourcesOf(),
        configText: null,
      })
    },
    async claim(taskId, agentId) {
      const claimed = await claimTask(orchestrator, { taskIds: [taskId], agentId, channel: 'websocket' })
      if (!claimed.ok) throw new Error(claimed.reason)
      return claimed.session
    },
    async atWork(project, agent) {
      const { id } = await core.claimable(project)
      const session = await core.claim(id, agent.id)
      const accepted = await acceptSession(orchestrator, session.id)
      if (!accepted.ok) throw new Error(accepted.reason)
      return { task: await core.task(id), session: await core.session(session.id) }
    },
    task: (id) => found(findTask(db, id)),
    session: (id) => found(findSession(db, id)),
    sessions: (taskId) => sessionsOfTask(db, taskId),
    drop: () => database.drop(),
  }
  return core
}
