import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { begin, deliver, finish, settled } from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.stop())

/** Delivers as GitHub would and waits until it is settled. */
async function settle(
  event: string,
  payload: unknown,
): Promise<{ state: string; error: string | null; attempts: number }> {
  const guid = randomUUID()
  expect(await deliver(world, event, payload, guid)).toBe(202)
  return until(`the ${event} is settled`, async () => {
    const { rows } = await world.database.pool.query(
      'select state, error, attempts from webhook_deliveries where id = $1',
      [guid],
    )
    return ['done', 'failed'].includes(rows[0]?.state) ? rows[0] : null
  })
}

/** A real delivery of an event that GitHub has sent. */
function sent(event: string, action: string | null): Record<string, unknown> {
  const found = world.github.deliveries().find((one) => one.event === event && one.action === action)
  if (!found) throw new Error(`no ${event}.${action} was sent`)
  return JSON.parse(found.payload) as Record<string, unknown>
}

describe('a signed delivery that is not as GitHub describes it fails for good with the reason', () => {
  const cases: [string, string, unknown, RegExp][] = [
    ['is no JSON', 'issues', '{"action":', /^the body is not JSON/],
    ['is a list', 'issues', '[]', /^the body is not a JSON object$/],
    [
      'has nothing but an action',
      'issues',
      { action: 'labeled' },
      /^PayloadError: (repository|installation|issue): /,
    ],
    ['has no comment', 'issue_comment', { action: 'created' }, /^PayloadError: /],
    ['has no pull request', 'pull_request', { action: 'closed' }, /^PayloadError: /],
    ['is a push of nothing', 'push', { ref: 'refs/heads/main' }, /^PayloadError: /],
    [
      'is an installation of nobody',
      'installation',
      { action: 'created', installation: { id: 'x' } },
      /^PayloadError: installation\.id: /,
    ],
    [
      'has a repository without an id',
      'repository',
      { action: 'renamed', repository: { name: 'x' } },
      /^PayloadError: repository\./,
    ],
  ]
  test.each(cases)('that %s', async (_what, event, payload, reason) => {
    const failed = await settle(event, payload)
    expect(failed).toMatchObject({ state: 'failed', attempts: 1 })
    expect(failed.error).toMatch(reason)
  })

  test('that lacks one field of a real one, which the reason names', async () => {
    await world.process(await world.openIssue({ title: 'A real one', labels: ['agent: nobody'] }))
    await world.github.flushWebhooks()
    const payload = sent('issues', 'labeled')
    const { title: _title, ...issue } = payload.issue as Record<string, unknown>
    const failed = await settle('issues', { ...payload, issue })
    expect(failed).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(/^PayloadError: issue\.title: /),
    })
  })
})

describe('a delivery that is none of our business is done without effect', () => {
  test.each([
    ['an unknown event', 'spaceship_landed', { action: 'created' }],
    ['an unknown action', 'issues', { action: 'levitated' }],
    ['an event without an action', 'issues', {}],
    ['an action that is no text', 'issues', { action: { nested: true } }],
    ['a ping', 'ping', { zen: 'Keep it logically awesome.', hook_id: 1 }],
    ['an action with a name of the language', 'issues', { action: 'constructor' }],
  ])('%s', async (_what, event, payload) => {
    expect(await settle(event, payload)).toEqual({ state: 'done', error: null, attempts: 1 })
  })

  test('events of a repository that nobody has asked anything of', async () => {
    const payload = sent('issues', 'opened')
    const repository = { ...(payload.repository as object), id: 987_654, name: 'stranger' }
    expect(await settle('issues', { ...payload, action: 'closed', repository })).toMatchObject({
      state: 'done',
    })
    const { rows } = await world.database.pool.query('select from projects where github_id = 987654')
    expect(rows).toEqual([])
  })
})

test('all of it leaves the server at work: the next task runs to its pull request', async () => {
  await settled(world)
  await finish(world, await begin(world, 'ada', { title: 'After all that' }))
})
