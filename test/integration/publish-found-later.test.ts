import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Agent } from '../../src/db/repositories/agents.ts'
import type { Project } from '../../src/db/repositories/projects.ts'
import type { JobContext } from '../../src/jobs/context.ts'
import { settlePublishes } from '../../src/jobs/reconcilers/publishes.ts'
import { acceptSession } from '../../src/orchestrator/acknowledge-session.ts'
import { completeSession } from '../../src/orchestrator/complete-session.ts'
import { beginPublish } from '../../src/orchestrator/publish-commits.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { type Core, createCore, report } from './core.ts'
import { expectInvariants } from './invariants.ts'

/**
 * The server was killed between a push that GitHub took and its note of it. The session then fails, and the next one
 * finds all the work on the branch and has nothing to push. That is no empty attempt.
 */
const SHA = 'c'.repeat(40)
let core: Core
let project: Project
let agent: Agent

beforeAll(async () => {
  core = await createCore()
  project = await core.project({ limits: { max_attempts: 3 } })
  agent = await core.agent(project, { maxConcurrent: 10 })
})
afterAll(() => core.drop())

const looks = (head: string | null) =>
  ({
    orchestrator: core.orchestrator,
    github: { credentials: { forGit: async () => ({ url: 'https://github.test/x.git' }) } },
    mirrors: { mirror: () => ({ remoteHead: async () => head }) },
    logger: createLogger('silent'),
  }) as unknown as JobContext

/** The first session's push is open and the session failed; the second says that it has finished. */
async function finishedByTheNext(): Promise<number> {
  const { task, session } = await core.atWork(project, agent)
  const push = { branch: session.branch, oldSha: null, newSha: SHA, commits: 1 }
  expect(await beginPublish(core.orchestrator, session.id, push)).toMatchObject({ ok: true })
  await completeSession(core.orchestrator, session.id, report('failed', { summary: 'The server went away.' }))
  core.clock.advance(11)
  await core.gather(task.id)
  const next = await core.claim(task.id, agent.id)
  await acceptSession(core.orchestrator, next.id)
  const done = await completeSession(core.orchestrator, next.id, report('pull_request'))
  expect(done).toMatchObject({ ok: true, answer: { sessionStatus: 'completed', taskStatus: 'processing' } })
  core.newJobs()
  return task.id
}

test('the pull request is opened when GitHub turns out to have the commits', async () => {
  const taskId = await finishedByTheNext()
  await settlePublishes(looks(SHA))
  expect(await core.task(taskId)).toMatchObject({ status: 'processing', headSha: SHA, attempts: 1 })
  expect(core.newJobs()).toContain('open-pull-request')
  await expectInvariants(core.database)
})

test('the attempt is counted as empty when GitHub turns out not to have them', async () => {
  const taskId = await finishedByTheNext()
  await settlePublishes(looks(null))
  expect(await core.task(taskId)).toMatchObject({ status: 'processing', headSha: null })
  core.clock.advance(100)
  await settlePublishes(looks(null))
  expect(await core.task(taskId)).toMatchObject({ status: 'ready', headSha: null, attempts: 2 })
  await expectInvariants(core.database)
})
