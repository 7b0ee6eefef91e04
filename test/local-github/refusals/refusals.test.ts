import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { matchOperation } from '../../../src/local-github/openapi/description.ts'
import { families, requestKey } from './table.ts'
import { openRefusalWorld, type RefusalWorld } from './world.ts'
import { type Given, rest, type Wrong } from './wrong.ts'

let refusals: RefusalWorld

beforeAll(async () => {
  refusals = await openRefusalWorld()
})

afterAll(async () => {
  await refusals.world[Symbol.asyncDispose]()
})

function given<Value extends object | string>(value: Given<Value>): Value {
  return typeof value === 'function' ? value(refusals.facts) : value
}

function pageOf(method: string, path: string): string {
  const match = matchOperation(method, path.replace(/\?.*$/, ''))
  return match.kind === 'emulated' ? match.operation.docs : rest
}

/** Sends a wrong request and expects GitHub's status and the whole body of its refusal. */
async function expectRefused(wrong: Wrong): Promise<void> {
  const { as = 'owner', method = 'GET', status, message = 'Validation Failed', errors } = wrong
  const { world, tokens } = refusals
  const path = given(wrong.path)
  const body = wrong.body === undefined ? undefined : given(wrong.body)
  const token = tokens[as]
  const response = await fetch(world.github.apiUrl + path, {
    method,
    headers: { ...(token && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  expect(await response.json()).toEqual({
    message,
    ...(errors && { errors }),
    documentation_url: wrong.docs ?? pageOf(method, path),
    status: String(status),
  })
  expect(response.status).toBe(status)
  expect(response.headers.get('x-ratelimit-limit')).toMatch(/^(60|5000)$/)
}

describe.each(Object.entries(families))('%s', (_family, wrong) => {
  test.each(wrong)('$name is refused with $status', async (request) => {
    await expectRefused(request)
  })
})

test('the tables hold more than 150 different wrong requests, each under a name of its own', () => {
  const all = Object.values(families).flat()
  expect(new Set(all.map((wrong) => requestKey(refusals.facts, wrong))).size).toBe(all.length)
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  expect(all.length).toBeGreaterThan(150)
})

test('nothing has changed after all refusals', async () => {
  const { world, facts } = refusals
  const { owner, repo } = world
  const before = await owner.rest.git.getRef({ ...repo, ref: 'heads/topic' })
  expect(before.data.object.sha).toBe(facts.topic)
  const { data: issues } = await owner.rest.issues.listForRepo({ ...repo, state: 'all' })
  expect(issues.map(({ number }) => number)).toEqual([7, 6, 5, 4, 3, 2, 1])
  expect(issues.at(-1)).toMatchObject({ state: 'open', title: 'One', comments: 1, locked: false })
})

test('a request without a user agent is refused as at GitHub', async () => {
  const response = await fetch(`${refusals.world.github.apiUrl}/rate_limit`, {
    headers: { 'user-agent': '' },
  })
  expect(response.status).toBe(403)
  expect(await response.text()).toContain('User-Agent')
})
