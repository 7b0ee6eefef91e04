import { expect, test } from 'vitest'
import { branchWithChange, openWorld, putFile } from './world.ts'

test('a pull request is opened, follows its branch and closes its issue when it is merged', async () => {
  await using world = await openWorld()
  const { app, owner, repo } = world
  await owner.rest.issues.create({ ...repo, title: 'Sum subtracts' })
  await branchWithChange(world, 'agent/claude-sum-1')
  const opened = await app.rest.pulls.create({
    ...repo,
    title: 'Make sum add',
    body: 'Closes #1',
    head: 'agent/claude-sum-1',
    base: 'main',
  })
  expect(opened.data).toMatchObject({ mergeable: true, commits: 1, additions: 1, deletions: 1 })
  const pull_number = opened.data.number
  const sha = await putFile(world, 'agent/claude-sum-1', 'CHANGES.md', 'fixed\n')
  const { data: now } = await app.rest.pulls.get({ ...repo, pull_number })
  expect(now).toMatchObject({ head: { sha }, commits: 2, changed_files: 2, mergeable_state: 'clean' })
  const files = await app.rest.pulls.listFiles({ ...repo, pull_number })
  expect(files.data.map((file) => [file.filename, file.status])).toEqual([
    ['CHANGES.md', 'added'],
    ['src/sum.js', 'modified'],
  ])
  const merged = await owner.rest.pulls.merge({ ...repo, pull_number, sha, merge_method: 'squash' })
  const main = await app.rest.repos.getBranch({ ...repo, branch: 'main' })
  expect(main.data.commit.sha).toBe(merged.data.sha)
  expect(main.data.commit.commit.message).toMatch(/^Make sum add \(#2\)/)
  const after = await app.rest.pulls.get({ ...repo, pull_number })
  expect(after.data).toMatchObject({
    merged: true,
    state: 'closed',
    commits: 2,
    merge_commit_sha: merged.data.sha,
    merged_by: { login: 'octo' },
  })
  const issue = await app.rest.issues.get({ ...repo, issue_number: 1 })
  expect(issue.data).toMatchObject({ state: 'closed', state_reason: 'completed' })
  await world.github.flushWebhooks()
  expect(world.names()).toEqual([
    'issues.opened',
    'create',
    'push',
    'push',
    'pull_request.opened',
    'push',
    'pull_request.synchronize',
    'pull_request.closed',
    'push',
    'issues.closed',
  ])
})

test.each(['merge', 'squash', 'rebase'] as const)(
  'the files arrive on main when the method is %s',
  async (merge_method) => {
    await using world = await openWorld()
    const { owner, repo } = world
    await branchWithChange(world, 'topic', { 'new.txt': 'new\n', 'more.txt': 'more\n' })
    await putFile(world, 'main', 'main.txt', 'main moved on\n')
    const { data } = await owner.rest.pulls.create({ ...repo, title: 'T', head: 'octo:topic', base: 'main' })
    await owner.rest.pulls.merge({ ...repo, pull_number: data.number, merge_method })
    for (const path of ['new.txt', 'more.txt', 'main.txt'])
      expect((await owner.rest.repos.getContent({ ...repo, path })).status).toBe(200)
    const { data: history } = await owner.rest.repos.listCommits(repo)
    expect(history).toHaveLength({ merge: 5, squash: 3, rebase: 4 }[merge_method])
  },
)

test('a conflict is computed and the merge refused with 405 when both sides changed the same line', async () => {
  await using world = await openWorld()
  const { owner, repo } = world
  await branchWithChange(world, 'topic')
  const { data } = await owner.rest.pulls.create({ ...repo, title: 'T', head: 'topic', base: 'main' })
  await putFile(world, 'main', 'src/sum.js', 'export const sum = null\n')
  const { data: now } = await owner.rest.pulls.get({ ...repo, pull_number: data.number })
  expect(now).toMatchObject({ mergeable: false, mergeable_state: 'dirty' })
  await expect(owner.rest.pulls.merge({ ...repo, pull_number: data.number })).rejects.toMatchObject({
    status: 405,
    response: { data: { message: 'Pull Request is not mergeable' } },
  })
})

test('a pull request is found by its head and shown as a diff', async () => {
  await using world = await openWorld()
  const { app, repo } = world
  await branchWithChange(world, 'agent/a-1')
  await branchWithChange(world, 'agent/b-2', { 'b.txt': 'b\n' })
  await app.rest.pulls.create({ ...repo, title: 'A', head: 'agent/a-1', base: 'main' })
  await app.rest.pulls.create({ ...repo, title: 'B', head: 'agent/b-2', base: 'main' })
  const found = await app.rest.pulls.list({ ...repo, head: 'octo:agent/b-2' })
  expect(found.data.map((pull) => pull.title)).toEqual(['B'])
  const diff = await app.rest.pulls.get({ ...repo, pull_number: 2, mediaType: { format: 'diff' } })
  expect(String(diff.data)).toContain('+++ b/b.txt')
  const basehead = 'main...agent/b-2'
  const comparison = await app.rest.repos.compareCommitsWithBasehead({ ...repo, basehead })
  expect(comparison.data).toMatchObject({ status: 'ahead', ahead_by: 1, total_commits: 1 })
  const compared = await app.rest.repos.compareCommitsWithBasehead({
    ...repo,
    basehead,
    mediaType: { format: 'diff' },
  })
  expect(String(compared.data)).toBe(String(diff.data))
})

test('a pull request closes with its branch and cannot be opened again until the branch is back', async () => {
  await using world = await openWorld()
  const { app, owner, repo } = world
  const sha = await branchWithChange(world, 'topic')
  await app.rest.pulls.create({ ...repo, title: 'T', head: 'topic', base: 'main' })
  await app.rest.git.deleteRef({ ...repo, ref: 'heads/topic' })
  expect((await app.rest.pulls.get({ ...repo, pull_number: 1 })).data).toMatchObject({
    state: 'closed',
    merged: false,
    head: { sha },
  })
  const reopen = () => owner.rest.pulls.update({ ...repo, pull_number: 1, state: 'open' })
  await expect(reopen()).rejects.toMatchObject({ status: 422 })
  await app.rest.git.createRef({ ...repo, ref: 'refs/heads/topic', sha })
  expect((await reopen()).data.state).toBe('open')
  await world.github.flushWebhooks()
  expect(world.names().slice(-6)).toEqual([
    'delete',
    'push',
    'pull_request.closed',
    'create',
    'push',
    'pull_request.reopened',
  ])
})

test('a pull request counts as merged when its commits are pushed to the base', async () => {
  await using world = await openWorld()
  const { app, repo } = world
  const sha = await branchWithChange(world, 'topic')
  await app.rest.pulls.create({ ...repo, title: 'T', head: 'topic', base: 'main' })
  await app.rest.git.updateRef({ ...repo, ref: 'heads/main', sha })
  expect((await app.rest.pulls.get({ ...repo, pull_number: 1 })).data).toMatchObject({
    merged: true,
    merge_commit_sha: sha,
    commits: 1,
  })
})

test('an issue is closed by a commit message on the default branch', async () => {
  await using world = await openWorld()
  const { owner, repo } = world
  await owner.rest.issues.create({ ...repo, title: 'Broken' })
  await owner.rest.repos.createOrUpdateFileContents({
    ...repo,
    path: 'fix.txt',
    message: 'Repair\n\nFixes #1',
    content: Buffer.from('ok').toString('base64'),
  })
  expect((await owner.rest.issues.get({ ...repo, issue_number: 1 })).data.state).toBe('closed')
})

test('one of two merges wins when they race', async () => {
  await using world = await openWorld()
  const { owner, repo } = world
  await branchWithChange(world, 'topic')
  await owner.rest.pulls.create({ ...repo, title: 'T', head: 'topic', base: 'main' })
  const merge = () => owner.rest.pulls.merge({ ...repo, pull_number: 1 })
  const outcomes = await Promise.allSettled([merge(), merge()])
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
})
