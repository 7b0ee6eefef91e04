import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Clone, cloneInto } from '../../harness/scripted-agent.ts'
import { openRefusalWorld, type RefusalWorld } from './world.ts'
import type { Caller } from './wrong.ts'

let refusals: RefusalWorld
let directory = ''

beforeAll(async () => {
  refusals = await openRefusalWorld()
  directory = await mkdtemp(path.join(tmpdir(), 'wrong-pushes-'))
})

afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
  await refusals.world[Symbol.asyncDispose]()
})

/** A clone as somebody, on a branch of its own with one commit on top of `base`. */
async function workAs(as: Caller, base: string, files: Record<string, string>, repo = 'octo/demo') {
  const { tokens, world } = refusals
  const place = await mkdtemp(path.join(directory, 'work-'))
  const clone = await cloneInto(path.join(place, 'repo'), {
    url: `${world.github.gitUrl}/${repo}.git`,
    username: 'x-access-token',
    password: tokens[as],
    branch: 'work',
    base,
  })
  await clone.commit(files)
  return clone
}

interface WrongPush {
  name: string
  as: Caller
  base?: string
  files?: Record<string, string>
  push: string[]
  /** Every one of these stands in what git prints. */
  says: string[]
}

const declined = (ref: string, sentence: string) => [
  `remote: error: GH006: Protected branch update failed for refs/heads/${ref}.`,
  `remote: - ${sentence}`,
  '(protected branch hook declined)',
]
const workflow = (file: string) => [
  `(refusing to allow a GitHub App to create or update workflow \`${file}\` without \`workflows\` permission)`,
]
const direct = 'Changes must be made through a pull request.'

const wrong: WrongPush[] = [
  {
    name: 'a new workflow file by the app',
    as: 'app',
    files: { '.github/workflows/mine.yml': 'on: push\n' },
    push: ['HEAD:refs/heads/mine'],
    says: workflow('.github/workflows/mine.yml'),
  },
  {
    name: 'a changed workflow file by the app',
    as: 'app',
    files: { '.github/workflows/push.yml': 'on: [push]\n' },
    push: ['HEAD:refs/heads/mine'],
    says: workflow('.github/workflows/push.yml'),
  },
  {
    name: 'a branch from a base older than a change of CI by the app',
    as: 'app',
    base: 'before-ci',
    push: ['HEAD:refs/heads/stale'],
    says: workflow('.github/workflows/list.yml'),
  },
  {
    name: 'a protected branch rewritten by its owner',
    as: 'owner',
    base: 'topic',
    push: ['--force', 'HEAD:refs/heads/held'],
    says: declined('held', 'Cannot force-push to this branch'),
  },
  {
    name: 'a protected branch rewritten by the app',
    as: 'app',
    base: 'topic',
    push: ['--force', 'HEAD:refs/heads/held'],
    says: declined('held', 'Cannot force-push to this branch'),
  },
  {
    name: 'a protected branch deleted',
    as: 'owner',
    push: [':refs/heads/held'],
    says: declined('held', 'Cannot delete this protected branch'),
  },
  {
    name: 'a branch for pull requests only by a writer',
    as: 'writer',
    base: 'gate',
    push: ['HEAD:refs/heads/gate'],
    says: declined('gate', direct),
  },
  {
    name: 'a branch for pull requests only by the app',
    as: 'app',
    base: 'gate',
    push: ['HEAD:refs/heads/gate'],
    says: declined('gate', direct),
  },
  {
    name: 'a branch moved back without force',
    as: 'owner',
    base: 'same',
    push: ['HEAD:refs/heads/topic'],
    says: ['[rejected]', 'Updates were rejected because'],
  },
  {
    name: 'the default branch deleted',
    as: 'owner',
    push: [':refs/heads/main'],
    says: ['refusing to delete the current branch: refs/heads/main'],
  },
  {
    name: 'a ref of a pull request',
    as: 'owner',
    push: ['HEAD:refs/pull/2/head'],
    says: ['deny updating a hidden ref'],
  },
  {
    name: 'a branch by a triager',
    as: 'triager',
    push: ['HEAD:refs/heads/mine'],
    says: ['Permission to octo/demo.git denied to triager.', '403'],
  },
  {
    name: 'a branch with a token that may read contents only',
    as: 'contents read',
    push: ['HEAD:refs/heads/mine'],
    says: ['Permission to octo/demo.git denied to mission-control[bot].', '403'],
  },
]

test.each(wrong)('$name is refused, and nothing moves', async ({ as, base = 'main', files, push, says }) => {
  const { github } = refusals.world
  const clone = await workAs(as, base, files ?? { 'work.txt': `${as} ${push.join(' ')}\n` })
  const before = await refs(clone)
  const pushed = await clone.git('push', 'origin', ...push)
  expect(pushed.ok).toBe(false)
  for (const sentence of says) expect(pushed.output).toContain(sentence)
  expect(await refs(clone)).toBe(before)
  await github.flushWebhooks()
})

async function refs(clone: Clone): Promise<string> {
  return (await clone.git('ls-remote', 'origin')).output
}

test.each<[Caller, string, string]>([
  ['expired', 'octo/demo', 'could not read Username'],
  ['removed', 'octo/demo', 'could not read Username'],
  ['stranger', 'octo/demo', 'could not read Username'],
  ['suspended', 'sleepy/nap', 'This installation has been suspended'],
  ['narrow', 'octo/vault', 'Repository not found.'],
  ['issues write', 'octo/secret', 'Repository not found.'],
  ['outsider', 'octo/secret', 'Repository not found.'],
])('nobody clones with a token %s what it does not reach (%s)', async (as, repo, sentence) => {
  await expect(workAs(as, 'main', { a: '2' }, repo)).rejects.toThrow(sentence)
})

test('an archived repository takes no push', async () => {
  const clone = await workAs('owner', 'main', { a: '2' }, 'octo/stone')
  const pushed = await clone.git('push', 'origin', 'HEAD:refs/heads/mine')
  expect(pushed).toMatchObject({
    ok: false,
    output: expect.stringContaining('This repository was archived so it is read-only.'),
  })
})

test('what is not protected from somebody goes through', async () => {
  const { github } = refusals.world
  const admin = await workAs('owner', 'gate', { 'gate.txt': 'by an administrator\n' })
  expect(await admin.git('push', 'origin', 'HEAD:refs/heads/gate')).toMatchObject({ ok: true })
  const forward = await workAs('writer', 'held', { 'held.txt': '2\n' })
  expect(await forward.git('push', 'origin', 'HEAD:refs/heads/held')).toMatchObject({ ok: true })
  const people = await workAs('writer', 'before-ci', { '.github/workflows/theirs.yml': 'on: push\n' })
  expect(await people.git('push', 'origin', 'HEAD:refs/heads/theirs')).toMatchObject({ ok: true })
  github.protectBranch('octo/demo', 'held', null)
  const freed = await workAs('app', 'topic', { 'held.txt': '3\n' })
  expect(await freed.git('push', '--force', 'origin', 'HEAD:refs/heads/held')).toMatchObject({ ok: true })
})

test('a pull request is how a branch for pull requests only moves', async () => {
  const { world, tokens } = refusals
  const writer = { authorization: `Bearer ${tokens.writer}`, 'content-type': 'application/json' }
  const call = (method: string, at: string, body: object) =>
    fetch(`${world.github.apiUrl}/repos/octo/demo${at}`, {
      method,
      headers: writer,
      body: JSON.stringify(body),
    })
  const opened = await call('POST', '/pulls', { title: 'x', head: 'shut', base: 'gate' })
  const { number } = (await opened.json()) as { number: number }
  expect((await call('PUT', `/pulls/${number}/merge`, {})).status).toBe(200)
  const { data } = await world.owner.rest.repos.getBranch({ ...world.repo, branch: 'gate' })
  expect(data).toMatchObject({ protected: true, protection: { enabled: true } })
  const listed = await world.owner.rest.repos.listBranches({ ...world.repo, protected: true })
  expect(listed.data.map(({ name }) => name)).toContain('gate')
})
