import { describe, expect, test } from 'vitest'
import { rightSuffices } from '../../src/github/repositories.ts'
import { comment, fakeGitHub, issue, pull, repository } from './fake-github.ts'

const mona = { id: 5, login: 'mona' }

describe('the right of a person', () => {
  const permission = (role_name: string, id = 5, base = 'write'): { status: number; body: object } => ({
    status: 200,
    body: { permission: base, role_name, user: { id, login: 'mona' } },
  })

  test('tells triage and maintain apart', async (context) => {
    const { github, answer, seen } = await fakeGitHub(context)
    answer(() => permission('maintain'))
    expect(await github.repositories.rightOf(repository, mona)).toBe('maintain')
    expect(seen[0]?.path).toBe('/repos/octo/demo/collaborators/mona/permission')
  })

  test('is the base of a custom role', async (context) => {
    const { github, answer } = await fakeGitHub(context)
    answer(() => permission('release-manager'))
    expect(await github.repositories.rightOf(repository, mona)).toBe('write')
  })

  test('is none when the login belongs to somebody else now, or to nobody', async (context) => {
    const { github, answer } = await fakeGitHub(context)
    answer((_request, count) =>
      count === 1 ? permission('admin', 6) : { status: 404, body: { message: 'Not Found' } },
    )
    expect(await github.repositories.rightOf(repository, mona)).toBe('none')
    expect(await github.repositories.rightOf(repository, { id: 8, login: 'ghost' })).toBe('none')
  })

  test('is asked once a minute, by all who ask together, unless it is to be forgotten', async (context) => {
    let now = Date.now()
    const { github, answer, seen } = await fakeGitHub(context, { clock: { now: () => new Date(now) } })
    answer(() => permission('write'))
    const ask = (): Promise<string> => github.repositories.rightOf(repository, mona)
    await Promise.all([ask(), ask(), ask()])
    now += 59_000
    await ask()
    expect(seen).toHaveLength(1)
    now += 2_000
    await ask()
    expect(seen).toHaveLength(2)
    github.repositories.forgetRights(repository.repositoryId)
    await ask()
    expect(seen).toHaveLength(3)
  })

  test('is not remembered when the question failed', async (context) => {
    const { github, answer } = await fakeGitHub(context)
    answer((_request, count) => (count <= 3 ? { status: 500 } : permission('read')))
    await expect(github.repositories.rightOf(repository, mona)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(await github.repositories.rightOf(repository, mona)).toBe('read')
  })

  test('suffices when it is at least the needed one', () => {
    expect(rightSuffices('maintain', 'write')).toBe(true)
    expect(rightSuffices('triage', 'write')).toBe(false)
  })
})

describe('comments', () => {
  test('are read page by page and no further than 500', async (context) => {
    const { github, answer, seen } = await fakeGitHub(context)
    answer(() => ({ status: 200, body: Array.from({ length: 100 }, (_, index) => comment(index + 1)) }))
    const { comments, cut } = await github.comments.list(repository, 1, new Date('2026-11-01T00:00:00Z'))
    expect(comments).toHaveLength(500)
    expect(cut).toBe(true)
    expect(seen.at(-1)?.path).toBe(
      '/repos/octo/demo/issues/1/comments?per_page=100&page=5&since=2026-11-01T00%3A00%3A00.000Z',
    )
  })

  test('of our own are found by marker and app, not by the marker alone', async (context) => {
    const { github, answer } = await fakeGitHub(context)
    const body = '<!-- mission-control:status task=1 -->\nhello'
    answer(() => ({
      status: 200,
      body: [
        comment(1, { body }),
        comment(2, { body, performed_via_github_app: { id: 41 } }),
        comment(3, { body: 'other', performed_via_github_app: { id: 42 } }),
        comment(4, { body, performed_via_github_app: { id: 42 } }),
      ],
    }))
    const found = await github.comments.findOwn(repository, 1, '<!-- mission-control:status task=1 -->')
    expect(found?.id).toBe(4)
    expect(await github.comments.findOwn(repository, 1, 'task=2')).toBeNull()
  })
})

describe('labels and reactions', () => {
  test('a label that is not there is taken off already', async (context) => {
    const { github, answer, seen } = await fakeGitHub(context)
    answer((_request, count) =>
      count === 1 ? { status: 404, body: { message: 'Label does not exist' } } : { status: 200, body: [] },
    )
    expect(await github.labels.remove(repository, 1, 'needs human/now')).toBe(false)
    expect(await github.labels.remove(repository, 1, 'process')).toBe(true)
    expect(seen[0]?.path).toBe('/repos/octo/demo/issues/1/labels/needs%20human%2Fnow')
    await github.labels.add(repository, 1, ['needs-human'])
    expect(seen[2]?.body).toEqual({ labels: ['needs-human'] })
  })

  test('a reaction goes to the issue or to the comment', async (context) => {
    const { github, answer, seen } = await fakeGitHub(context)
    answer(() => ({ status: 201, body: { id: 1 } }))
    await github.reactions.toIssue(repository, 1, 'eyes')
    await github.reactions.toComment(repository, 9, '+1')
    expect(seen.map((request) => [request.path, request.body])).toEqual([
      ['/repos/octo/demo/issues/1/reactions', { content: 'eyes' }],
      ['/repos/octo/demo/issues/comments/9/reactions', { content: '+1' }],
    ])
  })
})

describe('pull requests', () => {
  test('of a branch: the open one of this repository before newer closed ones', async (context) => {
    const { github, answer, seen } = await fakeGitHub(context)
    const fork = { head: { ref: 'agent/a-b-1', sha: 'b'.repeat(40), repo: { id: 3 } } }
    const merged = { state: 'closed', merged_at: '2026-11-01T10:00:00Z' }
    answer(() => ({
      status: 200,
      body: [pull(9, fork), pull(8, merged), pull(7), pull(6, { head: { ref: 'x', sha: 'c' } })],
    }))
    expect((await github.pullRequests.findByBranch(repository, 'agent/a-b-1'))?.number).toBe(7)
    expect(seen[0]?.path).toContain('head=octo%3Aagent%2Fa-b-1&state=all')
    answer(() => ({ status: 200, body: [pull(8, merged)] }))
    const closed = await github.pullRequests.findByBranch(repository, 'agent/a-b-1')
    expect(closed).toMatchObject({ number: 8, merged: true, open: false, mergeCommit: 'f'.repeat(40) })
    expect(await github.pullRequests.findByBranch(repository, 'agent/a-b-2')).toBeNull()
  })

  test('become normal ones where drafts are not to be had', async (context) => {
    const { github, answer, seen } = await fakeGitHub(context)
    answer((_request, count) =>
      count === 1
        ? { status: 422, body: { message: 'Draft pull requests are not supported in this repository.' } }
        : { status: 201, body: pull(3) },
    )
    const wanted = { branch: 'agent/a-b-1', base: 'main', title: 't', body: 'b', draft: true }
    expect(await github.pullRequests.create(repository, wanted)).toMatchObject({
      number: 3,
      draft: false,
      mergeCommit: null,
    })
    expect(seen.map((request) => request.body)).toEqual([
      { head: 'agent/a-b-1', base: 'main', title: 't', body: 'b', draft: true },
      { head: 'agent/a-b-1', base: 'main', title: 't', body: 'b' },
    ])
  })
})

describe('webhook deliveries', () => {
  const delivery = (id: number | string, guid: string, status_code: number, at: string): string =>
    `{"id": ${id}, "guid": "${guid}", "event": "issues", "status_code": ${status_code}, "delivered_at": "2026-11-01T${at}Z"}`

  test('that never succeeded are listed once, oldest first, ids beyond 2^53 intact', async (context) => {
    const { github, answer, seen } = await fakeGitHub(context)
    const page = [
      delivery('9007199254740993', 'c', 500, '12:03:00'),
      delivery(5, 'b', 202, '12:02:00'),
      delivery(4, 'b', 500, '12:01:30'),
      delivery(3, 'a', 0, '12:01:00'),
      delivery(2, 'old', 500, '11:00:00'),
    ]
    answer(() => ({ status: 200, headers: { 'content-type': 'application/json' }, raw: `[${page.join()}]` }))
    const { failed, cut } = await github.deliveries.failedSince(new Date('2026-11-01T12:00:00Z'))
    expect(failed.map(({ id, guid }) => [id, guid])).toEqual([
      ['3', 'a'],
      ['9007199254740993', 'c'],
    ])
    expect(cut).toBe(false)
    answer(() => ({ status: 202, body: {} }))
    await github.deliveries.redeliver('9007199254740993')
    expect(seen.at(-1)).toMatchObject({
      method: 'POST',
      path: '/app/hook/deliveries/9007199254740993/attempts',
    })
  })
})

describe('the app', () => {
  test('knows itself and its bot after one question each', async (context) => {
    const { github, answer, seen } = await fakeGitHub(context)
    answer((request) =>
      request.path === '/app'
        ? { status: 200, body: { id: 42, slug: 'mission-control', name: 'Mission Control' } }
        : { status: 200, body: { id: 77, login: 'mission-control[bot]', type: 'Bot' } },
    )
    expect(await github.app.identity()).toMatchObject({ appId: 42, botLogin: 'mission-control[bot]' })
    expect((await github.app.bot(7)).id).toBe(77)
    await github.app.bot(7)
    expect(seen.map((request) => request.path)).toEqual(['/app', '/users/mission-control%5Bbot%5D'])
  })

  test('is not installed where GitHub knows no installation', async (context) => {
    const { github, answer } = await fakeGitHub(context)
    answer((_request, count) =>
      count === 1
        ? { status: 404, body: { message: 'Not Found' } }
        : {
            status: 200,
            body: {
              id: 7,
              account: { id: 1, login: 'octo' },
              suspended_at: null,
              permissions: { issues: 'write' },
            },
          },
    )
    expect(await github.app.installationOf('octo', 'demo')).toBeNull()
    expect(await github.app.installationOf('octo', 'demo')).toMatchObject({ id: 7, suspended: false })
  })
})

test('a file is text, or null when it is not there', async (context) => {
  const { github, answer, seen } = await fakeGitHub(context)
  const content = Buffer.from('trigger: {}\n# grün\n')
    .toString('base64')
    .replace(/(.{10})/g, '$1\n')
  answer((_request, count) =>
    count === 1
      ? { status: 200, body: { type: 'file', encoding: 'base64', content, sha: 'abc' } }
      : { status: 404, body: { message: 'Not Found' } },
  )
  const path = '.github/mission-control.yml'
  expect(await github.repositories.file(repository, path, 'main')).toEqual({
    text: 'trigger: {}\n# grün\n',
    sha: 'abc',
  })
  expect(await github.repositories.file(repository, path, 'main')).toBeNull()
  expect(seen[0]?.path).toMatch(/^\/repos\/octo\/demo\/contents\/.*mission-control\.yml\?ref=main$/)
})

test('an issue says whether it is a pull request', async (context) => {
  const { github, answer } = await fakeGitHub(context)
  answer(() => ({ status: 200, body: issue({ pull_request: { url: 'x' }, user: null }) }))
  expect(await github.issues.get(repository, 1)).toMatchObject({
    isPullRequest: true,
    author: null,
    body: '',
    open: true,
  })
})
