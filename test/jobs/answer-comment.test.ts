import { afterAll, beforeAll, expect, test } from 'vitest'
import { findOutboundCall } from '../../src/db/repositories/outbound-calls.ts'
import type { Project } from '../../src/db/repositories/projects.ts'
import { answerComment } from '../../src/jobs/answer-comment.ts'
import type { JobContext } from '../../src/jobs/context.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { until } from '../harness/wait.ts'
import { type Core, createCore } from '../integration/core.ts'

let core: Core
let project: Project

beforeAll(async () => {
  core = await createCore()
  project = await core.project()
})
afterAll(() => core.database.drop())

/** A GitHub with one issue, on which writing takes until `write` says what becomes of it. */
function oneIssue(write: () => Promise<void>) {
  const written: string[] = []
  let looks = 0
  const comments = {
    async findOwn(_: unknown, __: number, marker: string) {
      looks += 1
      return written.some((body) => body.startsWith(marker)) ? { id: 1 } : undefined
    },
    async create(_: unknown, __: number, body: string) {
      await write()
      written.push(body)
      return { id: 1 }
    },
  }
  const github = { comments } as unknown as JobContext['github']
  const context = { orchestrator: core.orchestrator, github, logger: createLogger('silent') } as JobContext
  const reply = (key: string): Promise<void> =>
    answerComment(context, {
      projectId: project.id,
      number: 1,
      commentId: null,
      reaction: null,
      body: 'Yes.',
      key,
    })
  return { written, reply, looks: () => looks }
}

const state = async (key: string) =>
  (await findOutboundCall(core.database.db, { kind: 'reply_comment', key }))?.state

test('a comment is answered once when two jobs answer it at the same time', async () => {
  const sent = Promise.withResolvers<void>()
  const issue = oneIssue(() => sent.promise)
  const first = issue.reply('comment:1')
  await until('the intent is written', () => state('comment:1'))
  await expect(issue.reply('comment:1')).rejects.toThrow('another process answers it')
  sent.resolve()
  await first
  await issue.reply('comment:1')
  expect(issue.written).toHaveLength(1)
  expect(await state('comment:1')).toBe('done')
})

test('a comment is answered at once, after a look, when the first try failed', async () => {
  let tries = 0
  const issue = oneIssue(async () => {
    tries += 1
    if (tries === 1) throw new Error('GitHub is down')
  })
  await expect(issue.reply('comment:2')).rejects.toThrow('GitHub is down')
  expect(issue.looks()).toBe(0)
  await issue.reply('comment:2')
  expect(issue.looks()).toBe(1)
  expect(issue.written).toHaveLength(1)
})
