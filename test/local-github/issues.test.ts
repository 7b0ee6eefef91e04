import { expect, test } from 'vitest'
import { openWorld } from './world.ts'

test('an issue is opened, edited, labelled, closed and reopened with one event for each when its owner does so', async () => {
  await using world = await openWorld()
  const { owner, repo, received } = world
  const issue_number = (
    await owner.rest.issues.create({ ...repo, title: 'Sum subtracts', body: 'Fix it', labels: ['bug'] })
  ).data.number
  await owner.rest.issues.update({ ...repo, issue_number, title: 'Sum must add', assignees: ['octo'] })
  await owner.rest.issues.addLabels({ ...repo, issue_number, labels: ['process', 'bug'] })
  await owner.rest.issues.removeLabel({ ...repo, issue_number, name: 'process' })
  await owner.rest.issues.setLabels({ ...repo, issue_number, labels: ['later'] })
  await owner.rest.issues.update({ ...repo, issue_number, state: 'closed', state_reason: 'not_planned' })
  await owner.rest.issues.update({ ...repo, issue_number, state: 'open' })
  await world.github.flushWebhooks()
  expect(world.names().filter((name) => name !== 'label.created')).toEqual([
    'issues.opened',
    'issues.labeled',
    'issues.edited',
    'issues.assigned',
    'issues.labeled',
    'issues.unlabeled',
    'issues.labeled',
    'issues.unlabeled',
    'issues.closed',
    'issues.reopened',
  ])
  const edited = received.find(({ action }) => action === 'edited')
  expect(edited?.payload).toMatchObject({
    changes: { title: { from: 'Sum subtracts' } },
    issue: { number: issue_number, title: 'Sum must add' },
    repository: { full_name: 'octo/demo' },
    sender: { login: 'octo', type: 'User' },
    installation: { id: world.installationId },
  })
})

test('issues are filtered, sorted and paged with Link headers when they are listed', async () => {
  await using world = await openWorld()
  const { app, owner, repo } = world
  for (let n = 1; n <= 5; n += 1)
    await owner.rest.issues.create({ ...repo, title: `Issue ${n}`, labels: n % 2 ? ['odd'] : [] })
  await owner.rest.issues.update({ ...repo, issue_number: 3, state: 'closed' })
  const first = await app.rest.issues.listForRepo({ ...repo, state: 'all', per_page: 2 })
  expect(first.data.map((issue) => issue.number)).toEqual([5, 4])
  expect(first.headers.link).toMatch(/page=2>; rel="next", <.*page=3>; rel="last"/)
  const all = await app.paginate(app.rest.issues.listForRepo, { ...repo, state: 'all', per_page: 2 })
  expect(all.map((issue) => issue.number)).toEqual([5, 4, 3, 2, 1])
  const odd = await app.rest.issues.listForRepo({ ...repo, labels: 'odd', direction: 'asc' })
  expect(odd.data.map((issue) => issue.number)).toEqual([1, 5])
})

test('comments are written, edited, listed and deleted, and the app sees its own events as a bot', async () => {
  await using world = await openWorld()
  const { app, owner, repo, received } = world
  const { number: issue_number } = (await owner.rest.issues.create({ ...repo, title: 'Talk' })).data
  const { id: comment_id, user } = (
    await app.rest.issues.createComment({ ...repo, issue_number, body: 'On it' })
  ).data
  expect(user).toMatchObject({ login: 'mission-control[bot]', type: 'Bot', id: world.github.app.botUserId })
  await app.rest.issues.updateComment({ ...repo, comment_id, body: 'Done' })
  await owner.rest.issues.createComment({ ...repo, issue_number, body: 'Thanks' })
  const listed = await app.rest.issues.listComments({ ...repo, issue_number, per_page: 1, page: 2 })
  expect(listed.data.map((comment) => comment.body)).toEqual(['Thanks'])
  expect((await app.rest.issues.getComment({ ...repo, comment_id })).data.body).toBe('Done')
  await app.rest.issues.deleteComment({ ...repo, comment_id })
  expect((await app.rest.issues.listCommentsForRepo({ ...repo })).data).toHaveLength(1)
  await world.github.flushWebhooks()
  const comments = received.filter(({ event }) => event === 'issue_comment')
  expect(comments.map(({ action, payload }) => [action, payload.sender?.type])).toEqual([
    ['created', 'Bot'],
    ['edited', 'Bot'],
    ['created', 'User'],
    ['deleted', 'Bot'],
  ])
  expect(comments[1]?.payload.changes).toEqual({ body: { from: 'On it' } })
})

test('only comments changed since a time are listed when since is given', async () => {
  let now = new Date('2026-01-01T00:00:00Z')
  await using world = await openWorld({ now: () => now })
  const { owner, repo } = world
  await owner.rest.issues.create({ ...repo, title: 'Talk' })
  await owner.rest.issues.createComment({ ...repo, issue_number: 1, body: 'early' })
  now = new Date('2026-01-02T00:00:00Z')
  await owner.rest.issues.createComment({ ...repo, issue_number: 1, body: 'late' })
  const listed = await owner.rest.issues.listComments({
    ...repo,
    issue_number: 1,
    since: '2026-01-01T12:00:00Z',
  })
  expect(listed.data.map((comment) => comment.body)).toEqual(['late'])
})

test('a reaction is made once per content and can be taken back', async () => {
  await using world = await openWorld()
  const { app, owner, repo } = world
  await owner.rest.issues.create({ ...repo, title: 'React' })
  const { id: comment_id } = (await owner.rest.issues.createComment({ ...repo, issue_number: 1, body: 'x' }))
    .data
  const target = { ...repo, comment_id, content: 'eyes' } as const
  const first = await app.rest.reactions.createForIssueComment(target)
  const second = await app.rest.reactions.createForIssueComment(target)
  expect([first.status, second.status, second.data.id]).toEqual([201, 200, first.data.id])
  expect((await app.rest.issues.getComment({ ...repo, comment_id })).data.reactions?.eyes).toBe(1)
  await app.rest.reactions.deleteForIssueComment({ ...repo, comment_id, reaction_id: first.data.id })
  expect((await app.rest.reactions.listForIssueComment({ ...repo, comment_id })).data).toEqual([])
  const onIssue = await app.rest.reactions.createForIssue({ ...repo, issue_number: 1, content: '+1' })
  expect((await app.rest.reactions.listForIssue({ ...repo, issue_number: 1 })).data).toMatchObject([
    { id: onIssue.data.id, content: '+1' },
  ])
})

test('labels that an issue form adds arrive with the outsider as sender', async () => {
  await using world = await openWorld()
  world.github.createUser('outsider')
  await world.github.submitIssueForm('octo/demo', 'outsider', { title: 'Form', labels: ['process'] })
  await world.github.flushWebhooks()
  const labeled = world.received.find(({ action }) => action === 'labeled')
  expect(labeled?.payload).toMatchObject({ label: { name: 'process' }, sender: { login: 'outsider' } })
})

test('labels by an outsider are dropped in silence when they open an issue', async () => {
  await using world = await openWorld()
  const outsider = world.asUser('outsider')
  const { data } = await outsider.rest.issues.create({ ...world.repo, title: 'Hi', labels: ['process'] })
  expect(data.labels).toEqual([])
})

test('an issue is gone with 410 when it was deleted or moved', async () => {
  await using world = await openWorld()
  const { github, owner, repo } = world
  await github.createRepository({ owner: 'octo', name: 'other', files: { a: '1' } })
  await github.install(['octo/other'])
  await owner.rest.issues.create({ ...repo, title: 'One' })
  await owner.rest.issues.create({ ...repo, title: 'Two' })
  await github.deleteIssue('octo/demo', 1, 'octo')
  const moved = await github.transferIssue('octo/demo', 2, 'octo/other', 'octo')
  for (const issue_number of [1, 2])
    await expect(owner.rest.issues.get({ ...repo, issue_number })).rejects.toMatchObject({ status: 410 })
  const { data } = await owner.rest.issues.get({ owner: 'octo', repo: 'other', issue_number: moved.number })
  expect(data.title).toBe('Two')
  await github.flushWebhooks()
  expect(world.names()).toEqual(
    expect.arrayContaining(['installation_repositories.added', 'issues.deleted', 'issues.transferred']),
  )
})
