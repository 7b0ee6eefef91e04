import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Agent } from '../../src/db/repositories/agents.ts'
import type { Project } from '../../src/db/repositories/projects.ts'
import { acceptSession, declineSession } from '../../src/orchestrator/acknowledge-session.ts'
import { changeTask } from '../../src/orchestrator/change-task.ts'
import { completeSession } from '../../src/orchestrator/complete-session.ts'
import { dispatch } from '../../src/orchestrator/dispatch.ts'
import { freezeProject, freezeTask, thawProject } from '../../src/orchestrator/freeze.ts'
import { beginPublish, finishPublish } from '../../src/orchestrator/publish-commits.ts'
import { recordEdit } from '../../src/orchestrator/record-edit.ts'
import { recordLabels } from '../../src/orchestrator/record-labels.ts'
import { recordPullRequest } from '../../src/orchestrator/record-pull-request.ts'
import { reportProgress } from '../../src/orchestrator/report-progress.ts'
import { requestTask } from '../../src/orchestrator/request-task.ts'
import { storeSources } from '../../src/orchestrator/store-sources.ts'
import { sweepSessions } from '../../src/orchestrator/sweep-sessions.ts'
import type { IssueSnapshot } from '../../src/orchestrator/touch-task.ts'
import { type Core, createCore, issueOf, MAYA, report, repositoryOf, sourcesOf } from './core.ts'
import { expectInvariants } from './invariants.ts'

let core: Core
/** More seeds and more turns find more: `TEST_SEEDS=4,5,6 TEST_TURNS=100`. */
const SEEDS = (process.env.TEST_SEEDS ?? '1,2,3').split(',').map(Number)
const TURNS = Number(process.env.TEST_TURNS ?? 30)

beforeAll(async () => {
  core = await createCore({ max: 30 })
})
afterAll(() => core.drop())

/** A random number generator that a seed repeats (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** The issue, renamed repositories and configs come by as GitHub would tell them: in any order, from many hands. */
function actions(project: Project, agents: Agent[], below: (most: number) => number) {
  const { orchestrator, database, clock } = core
  const number = (): number => 1 + below(6)
  const anyTask = async () => {
    const tasks = await database.db
      .selectFrom('tasks')
      .selectAll()
      .where('projectId', '=', project.id)
      .execute()
    return tasks[below(Math.max(1, tasks.length))]
  }
  const liveSession = async () => {
    const live = await database.db
      .selectFrom('sessions')
      .selectAll()
      .where('projectId', '=', project.id)
      .where('status', 'in', ['dispatched', 'running'])
      .execute()
    return live[below(Math.max(1, live.length))]
  }
  const withTask = (act: (taskId: number) => Promise<unknown>) => async () => {
    const task = await anyTask()
    if (task) await act(task.id)
  }
  const withSession = (act: (sessionId: number, branch: string) => Promise<unknown>) => async () => {
    const session = await liveSession()
    if (session) await act(session.id, session.branch)
  }
  const repository = () => ({
    ...repositoryOf(project),
    // renamed back and forth: the project row is written, too
    name: below(2) === 0 ? project.name : `${project.name}-renamed`,
  })
  let minutes = 0
  const issue = (more: Partial<IssueSnapshot>): IssueSnapshot => {
    minutes += 1
    return issueOf(number(), { updatedAt: new Date(Date.UTC(2026, 1, 1, 0, minutes)), ...more })
  }
  const facts = [
    'closed_completed',
    'reopened',
    'paused',
    'resumed',
    'cancelled',
    'pull_request_merged',
  ] as const
  return [
    async () => {
      const now = issue({ labels: ['process', `tag-${below(3)}`, ...(below(2) ? ['docs'] : [])] })
      await requestTask(orchestrator, { repository: repository(), seen: now, now, by: MAYA, via: 'label' })
    },
    withTask(async (taskId) => {
      const task = await core.task(taskId)
      if (task.approvedSha256 === null) return
      const configText = below(2) === 0 ? null : `limits: { concurrent_sessions: ${3 + below(3)} }\n`
      const { approvedSha256, sourcesAsked } = task
      await storeSources(orchestrator, {
        taskId,
        approvedSha256,
        sourcesAsked,
        sources: sourcesOf(),
        configText,
      })
    }),
    async () => void (await dispatch(orchestrator)),
    async () => void (await dispatch(orchestrator, { agentId: agents[below(agents.length)]?.id ?? 0 })),
    withSession((session) => acceptSession(orchestrator, session)),
    withSession((session) => declineSession(orchestrator, session, 'no room')),
    withSession((session) => reportProgress(orchestrator, session, { message: 'on', percent: below(100) })),
    withSession((session) => completeSession(orchestrator, session, report('pull_request'))),
    withSession((session) => completeSession(orchestrator, session, report('failed'))),
    withSession(async (session, branch) => {
      const newSha = below(1_000_000).toString(16).padStart(40, '0')
      const begun = await beginPublish(orchestrator, session, { branch, oldSha: null, newSha, commits: 1 })
      if (begun.ok) await finishPublish(orchestrator, begun.intentId, { outcome: 'published', newSha })
    }),
    withTask((taskId) => {
      const event = facts[below(facts.length)] ?? 'paused'
      const open = event === 'closed_completed' ? false : event === 'reopened' ? true : null
      return changeTask(orchestrator, {
        taskId,
        event,
        actor: 'maya',
        ...(open === null ? {} : { factsAnyway: { issueOpen: open } }),
      })
    }),
    withTask((taskId) =>
      recordPullRequest(orchestrator, taskId, { number: taskId, url: 'https://github.test/1' }),
    ),
    withTask((taskId) => recordLabels(orchestrator, taskId, issue({ labels: [`tag-${below(3)}`] }), true)),
    async () => {
      const edited = issue({ body: `Version ${below(3)}` })
      await recordEdit(orchestrator, {
        repository: repository(),
        issue: edited,
        by: MAYA,
        trusted: below(2) === 0,
        asked: true,
      })
    },
    withTask((taskId) => freezeTask(orchestrator, taskId, below(6) === 0 ? 'It was deleted.' : null)),
    async () => {
      if (below(6) === 0) await freezeProject(orchestrator, project.id, 'suspended')
      else await thawProject(orchestrator, project.id, ['suspended'])
    },
    async () => {
      clock.advance(below(20))
      await sweepSessions(orchestrator)
    },
  ]
}

test.for(SEEDS)(
  'nothing deadlocks and every rule holds when everybody acts at once (seed %i)',
  async (seed) => {
    const below = generator(seed)
    const projects = [await core.project({ limits: { concurrent_sessions: 4 } })]
    const agents = [
      await core.agent(projects, { maxConcurrent: 2 }),
      await core.agent(projects),
      await core.agent(projects, { ownerMayWrite: true, maxConcurrent: 3 }),
    ]
    const [project = await core.project()] = projects
    const all = actions(project, agents, below)
    const failures: unknown[] = []
    const actor = async (): Promise<void> => {
      for (let turn = 0; turn < TURNS; turn += 1) {
        try {
          // half of the time what makes work, so that there is something to fight about
          await all[below(2) === 0 ? below(all.length) : below(4)]?.()
        } catch (error) {
          failures.push(error)
        }
      }
    }
    await Promise.all(Array.from({ length: 16 }, actor))
    expect(failures).toEqual([])
    await expectInvariants(core.database)
    const made = await core.database.db.selectFrom('sessions').select('id').execute()
    expect(made.length).toBeGreaterThan(3)
  },
)
