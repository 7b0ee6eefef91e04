import { describe, expect, test } from 'vitest'
import { isGitHubError } from '../../src/github/error.ts'
import { createOctokit } from '../../src/github/transport.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { comment, fakeGitHub, issue, repository } from './fake-github.ts'

/** What a call was refused with. */
async function failure(
  call: Promise<unknown>,
): Promise<{ kind: string; status: number | null; message: string }> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!isGitHubError(error)) throw error ?? new Error('the call succeeded')
  return { kind: error.kind, status: error.status, message: error.message }
}

describe('a token', () => {
  test('is minted once when many calls start together, and used again', async (context) => {
    const { github, minted, seen, answer } = await fakeGitHub(context)
    answer(() => ({ status: 200, body: issue() }))
    await Promise.all(Array.from({ length: 10 }, () => github.issues.get(repository, 1)))
    await github.issues.get(repository, 1)
    expect(minted).toHaveLength(1)
    expect(minted[0]?.path).toBe('/app/installations/7/access_tokens')
    expect(minted[0]?.headers.authorization).toMatch(/^Bearer eyJ/)
    expect(new Set(seen.map((request) => request.headers.authorization))).toEqual(new Set(['Bearer ghs_1']))
  })

  test('is renewed five minutes before it expires', async (context) => {
    let now = Date.now()
    const fake = await fakeGitHub(context, { clock: { now: () => new Date(now) } })
    fake.answer(() => ({ status: 200, body: issue() }))
    await fake.github.issues.get(repository, 1)
    now += 54 * 60_000
    await fake.github.issues.get(repository, 1)
    expect(fake.minted).toHaveLength(1)
    now += 2 * 60_000
    await fake.github.issues.get(repository, 1)
    expect(fake.minted).toHaveLength(2)
  })

  test('is replaced once when GitHub no longer takes it, for writes too', async (context) => {
    let now = Date.now()
    const fake = await fakeGitHub(context, { clock: { now: () => new Date(now) } })
    fake.answer((request) =>
      request.headers.authorization === 'Bearer ghs_1' && fake.seen.length > 1
        ? { status: 401, body: { message: 'Bad credentials' } }
        : { status: 201, body: comment(3) },
    )
    await fake.github.comments.create(repository, 1, 'one')
    now += 60_000
    await fake.github.comments.create(repository, 1, 'two')
    expect(fake.seen.map((request) => request.headers.authorization)).toEqual([
      'Bearer ghs_1',
      'Bearer ghs_1',
      'Bearer ghs_2',
    ])
  })

  test('that is new is tried again as it is: GitHub needs a moment to know it', async (context) => {
    const fake = await fakeGitHub(context)
    fake.answer((_request, count) =>
      count === 1 ? { status: 401, body: { message: 'Bad credentials' } } : { status: 200, body: issue() },
    )
    await fake.github.issues.get(repository, 1)
    expect(fake.minted).toHaveLength(1)
    expect(fake.seen).toHaveLength(2)
  })

  test('for git is narrowed to the repository and to its contents', async (context) => {
    const { github, minted, url } = await fakeGitHub(context)
    const credentials = await github.credentials.forGit(repository)
    expect(credentials).toMatchObject({
      url: `${url}/octo/demo.git`,
      username: 'x-access-token',
      token: 'ghs_1',
    })
    expect(minted[0]?.body).toEqual({ repository_ids: [99], permissions: { contents: 'write' } })
  })

  test('for git is another one when GitHub does not take it any more', async (context) => {
    let now = Date.now()
    const fake = await fakeGitHub(context, { clock: { now: () => new Date(now) } })
    const credentials = await fake.github.credentials.forGit(repository)
    now += 60_000
    expect(await credentials.renew()).toBe('ghs_2')
    expect(await credentials.renew()).toBe('ghs_2')
    expect((await fake.github.credentials.forGit(repository)).token).toBe('ghs_2')
  })

  test('is refused as gone when the app was uninstalled, as suspended when it was suspended', async (context) => {
    const fake = await fakeGitHub(context)
    fake.answerTokens(() => ({ status: 404, body: { message: 'Not Found' } }))
    expect(await failure(fake.github.issues.get(repository, 1))).toMatchObject({ kind: 'gone' })
    fake.answerTokens(() => ({ status: 403, body: { message: 'This installation has been suspended' } }))
    expect(await failure(fake.github.issues.get(repository, 1))).toMatchObject({ kind: 'suspended' })
  })

  test('that fails to be minted is asked for again by the next call', async (context) => {
    const fake = await fakeGitHub(context)
    fake.answer(() => ({ status: 200, body: issue() }))
    fake.answerTokens((_request, count) =>
      count === 1
        ? { status: 502 }
        : { status: 201, body: { token: 'ghs_x', expires_at: '2099-01-01T00:00:00Z' } },
    )
    expect((await failure(fake.github.comments.create(repository, 1, 'x'))).kind).toBe('unavailable')
    expect(fake.seen).toHaveLength(0)
    expect((await fake.github.issues.get(repository, 1)).number).toBe(1)
  })
})

describe('a read', () => {
  for (const [name, reply] of [
    ['the connection breaks', 'cut'],
    ['no answer comes', 'hang'],
    ['the server fails', { status: 502 }],
    ['a proxy answers', { status: 200, body: 'hello' }],
  ] as const) {
    test(`is tried three times and then unavailable when ${name}`, async (context) => {
      const fake = await fakeGitHub(context, reply === 'hang' ? { readTimeoutMs: 500 } : {})
      fake.answer(() => reply)
      expect((await failure(fake.github.issues.get(repository, 1))).kind).toBe('unavailable')
      expect(fake.seen).toHaveLength(3)
    })
  }

  test('comes through when the first two answers failed', async (context) => {
    const fake = await fakeGitHub(context)
    fake.answer((_request, count) => (count < 3 ? { status: 503 } : { status: 200, body: issue() }))
    expect((await fake.github.issues.get(repository, 1)).labels).toEqual(['process', 'docs'])
    expect(fake.calls.map((call) => call.status)).toEqual([201, 503, 503, 200])
  })
})

describe('a creating call', () => {
  for (const [name, reply, status] of [
    ['the connection breaks', 'cut', null],
    ['no answer comes in time', 'hang', null],
    ['the server fails', { status: 502, body: { message: 'Server Error' } }, 502],
    ['the answer is unreadable', { status: 201, body: 'half an ans' }, 201],
  ] as const) {
    test(`is sent once and uncertain when ${name}`, async (context) => {
      const fake = await fakeGitHub(context, reply === 'hang' ? { writeTimeoutMs: 1_000 } : {})
      fake.answer(() => reply)
      expect(await failure(fake.github.comments.create(repository, 1, 'x'))).toMatchObject({
        kind: 'uncertain',
        status,
      })
      expect(fake.seen).toHaveLength(1)
    })
  }

  test('is unavailable, not uncertain, when nothing listens', async (context) => {
    const gone = await fakeGitHub(context)
    const fake = await fakeGitHub(context, { apiUrl: 'http://127.0.0.1:1' })
    expect((await failure(fake.github.comments.create(repository, 1, 'x'))).kind).toBe('unavailable')
    expect(gone.seen).toHaveLength(0)
  })

  test('is told of with its status, time and that it creates content', async (context) => {
    const fake = await fakeGitHub(context)
    fake.answer(() => ({ status: 201, body: comment(8) }))
    expect(await fake.github.comments.create(repository, 1, 'x')).toEqual({ id: 8, url: expect.any(String) })
    expect(fake.calls).toEqual([
      expect.objectContaining({
        operationId: 'apps/create-installation-access-token',
        createsContent: false,
      }),
      {
        operationId: 'issues/create-comment',
        installationId: 7,
        status: 201,
        ms: expect.any(Number),
        createsContent: true,
      },
    ])
  })
})

describe('an edit', () => {
  test('is unavailable, and so may be repeated, when no answer came', async (context) => {
    const fake = await fakeGitHub(context)
    fake.answer(() => 'cut')
    expect((await failure(fake.github.comments.update(repository, 4, 'x'))).kind).toBe('unavailable')
    expect(fake.seen).toHaveLength(1)
  })
})

describe('a refusal', () => {
  for (const [status, kind] of [
    [404, 'not_found'],
    [410, 'gone'],
    [403, 'forbidden'],
    [451, 'forbidden'],
    [422, 'validation'],
  ] as const) {
    test(`is ${kind} when GitHub answers ${status}`, async (context) => {
      const fake = await fakeGitHub(context)
      fake.answer(() => ({ status, body: { message: 'No' } }))
      expect(await failure(fake.github.issues.get(repository, 1))).toMatchObject({ kind, status })
      expect(fake.seen).toHaveLength(1)
    })
  }

  test('is unauthorized when a new token does not help', async (context) => {
    const fake = await fakeGitHub(context)
    fake.answer(() => ({ status: 401, body: { message: 'Bad credentials' } }))
    expect((await failure(fake.github.issues.get(repository, 1))).kind).toBe('unauthorized')
  })

  test('carries the reasons of a validation and never the token', async (context) => {
    const fake = await fakeGitHub(context)
    fake.answer(() => ({
      status: 422,
      body: {
        message: 'Validation Failed',
        errors: [{ message: 'No commits between main and x' }, { field: 'head', code: 'invalid' }],
      },
    }))
    const call = fake.github.pullRequests.create(repository, {
      branch: 'x',
      base: 'main',
      title: 't',
      body: '',
    })
    const error: unknown = await call.catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      kind: 'validation',
      errors: ['No commits between main and x', 'head invalid'],
    })
    expect(JSON.stringify(error) + String(error)).not.toContain('ghs_')
  })
})

describe('a redirect', () => {
  test('of a renamed repository is followed with method and body', async (context) => {
    const fake = await fakeGitHub(context)
    fake.answer((request) =>
      request.path.startsWith('/repos/')
        ? { status: 307, headers: { location: '/repositories/99/issues/1/comments' } }
        : { status: 201, body: comment(3) },
    )
    await fake.github.comments.create(repository, 1, 'text')
    expect(fake.seen[1]).toMatchObject({
      method: 'POST',
      path: '/repositories/99/issues/1/comments',
      body: { body: 'text' },
    })
    expect(fake.seen[1]?.headers.authorization).toBe('Bearer ghs_1')
  })

  test('of a transferred issue is not followed: the issue is gone', async (context) => {
    const fake = await fakeGitHub(context)
    fake.answer(() => ({ status: 301, headers: { location: `${fake.url}/repositories/100/issues/1` } }))
    expect((await failure(fake.github.issues.get(repository, 1))).kind).toBe('gone')
    expect(fake.seen).toHaveLength(1)
  })

  test('to another host is refused, and that host sees nothing', async (context) => {
    const other = await fakeGitHub(context)
    const fake = await fakeGitHub(context)
    fake.answer(() => ({ status: 301, headers: { location: `${other.url}/repositories/99/issues/1` } }))
    expect((await failure(fake.github.comments.create(repository, 1, 'x'))).kind).toBe('unavailable')
    expect(other.seen).toHaveLength(0)
  })

  test('without end is given up', async (context) => {
    const fake = await fakeGitHub(context)
    fake.answer(() => ({ status: 302, headers: { location: '/repositories/99/issues/1' } }))
    expect((await failure(fake.github.comments.update(repository, 1, 'x'))).kind).toBe('unavailable')
    expect(fake.seen).toHaveLength(3)
  })
})

test('a request that is not in the catalog never leaves', async (context) => {
  const fake = await fakeGitHub(context)
  const octokit = createOctokit({ apiUrl: fake.url, logger: createLogger('silent') })
  await expect(octokit.request('GET /user')).rejects.toThrow('GET /user is not in src/github/operations.ts')
  await expect(octokit.rest.issues.lock({ owner: 'o', repo: 'r', issue_number: 1 })).rejects.toThrow(
    'operations.ts',
  )
  expect(fake.seen).toHaveLength(0)
})

test('an API address below a path keeps its path, as on GitHub Enterprise', async (context) => {
  const wire = await fakeGitHub(context)
  const fake = await fakeGitHub(context, { apiUrl: `${wire.url}/api/v3/` })
  wire.answer(() => ({ status: 200, body: issue() }))
  await fake.github.issues.get(repository, 1)
  expect([wire.minted[0]?.path, wire.seen[0]?.path]).toEqual([
    '/api/v3/app/installations/7/access_tokens',
    '/api/v3/repos/octo/demo/issues/1',
  ])
})
