import { afterAll, beforeAll, expect, test } from 'vitest'
import { findOutboundCall, insertOutboundCall } from '../../src/db/repositories/outbound-calls.ts'
import { recordPullRequest } from '../../src/orchestrator/record-pull-request.ts'
import { type Core, createCore } from './core.ts'

let core: Core

beforeAll(async () => {
  core = await createCore()
})
afterAll(() => core.database.drop())

test('no intent stays open when a webhook tells of the pull request before its dead process could', async () => {
  const { db } = core.database
  const project = await core.project()
  const task = await core.request(project)
  const key = `task:${task.id}:session:1`
  await insertOutboundCall(db, {
    installationId: project.installationId,
    projectId: project.id,
    taskId: task.id,
    kind: 'pull_request',
    key,
    createsContent: true,
  })
  await recordPullRequest(core.orchestrator, task.id, { number: 7, url: 'https://github.test/pull/7' })
  expect(await findOutboundCall(db, { kind: 'pull_request', key })).toMatchObject({
    state: 'done',
    outcome: { number: 7 },
  })
})
