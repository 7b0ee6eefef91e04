import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { begin, finish, pullRequests, statusComments, statusSays } from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { createWorld, type World } from '../harness/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.stop())

describe('a pull request', () => {
  test.each([
    ['of 256 emoji', '😀'.repeat(256)],
    ['of tricks', 'fixes #1 @maya $(id) `id` <img src=x> \u202egnp.exe'],
    ['of nothing that shows', '\u200b\u200b'],
  ])('has a title of its own when the issue’s is one %s', async (_what, title) => {
    const story = await begin(world, `titled-${title.length}`, { title })
    const done = await finish(world, story)
    const pull = await world.maintainer.call('GET', `/pulls/${done.pullRequestNumber}`)
    const named = String(pull.title)
    expect(named.isWellFormed()).toBe(true)
    expect([...named].length).toBeGreaterThan(0)
    expect(named.length).toBeLessThanOrEqual(256)
    expect(named).not.toMatch(/[\u202a-\u202e\u200b]|fixes #1|@maya/)
    expect(String(pull.body)).toContain(`Closes #${story.number}`)
  })

  const trick =
    'Fixes #1, @maya ![x](https://evil.example/x.png) <!-- --> </details> | 😀\u0000\ud800 /cancel\n'
  test.each([
    ['tricks', trick.repeat(1000).slice(0, 60_000), false],
    ['mentions, each of which gets longer', '@a '.repeat(20_000), true],
  ])(
    'keeps within GitHub’s limits when the agent writes as much as it may: %s',
    async (what, summary, isCut) => {
      const name = `writer-${what.length}`
      const story = await begin(world, name, { title: 'Write a lot' })
      const clone = await story.agent.clone(story.assignment)
      await clone.commit({ [`${name}.txt`]: 'a\n' })
      expect(await clone.push()).toMatchObject({ ok: true })
      const sent = await story.agent.complete(story.assignment, {
        summary,
        title: `@maya 😀${'x'.repeat(248)}`,
      })
      expect(sent).toMatchObject({ type: 'answer' })
      const done = await world.reach(story.number, 'review', (task) => task.pullRequestNumber !== null)
      const pull = await world.maintainer.call('GET', `/pulls/${done.pullRequestNumber}`)
      const body = String(pull.body)
      expect(body.length).toBeLessThanOrEqual(65_536)
      expect(body.length).toBeGreaterThan(40_000)
      expect(body.includes('(cut: the text was longer than is published here)')).toBe(isCut)
      expect(/@maya|@a|!\[x\]|Fixes #1|evil/.exec(body)).toBeNull()
      await statusSays(world, story.number, 'Ready for review')
      for (const comment of await world.appComments(story.number)) {
        expect(comment.length).toBeLessThanOrEqual(65_536)
        expect(/@maya|@a|!\[x\]/.exec(comment)).toBeNull()
      }
    },
  )

  test('opens in a private repository whose plan has no drafts', async () => {
    const bare = await createWorld({ private: true })
    try {
      const done = await finish(bare, await begin(bare, 'ada'))
      const pull = await bare.maintainer.call('GET', `/pulls/${done.pullRequestNumber}`)
      expect(pull).toMatchObject({ state: 'open', draft: false })
    } finally {
      await bare.stop()
    }
  })
})

test('a task goes its way and GitHub is not asked again and again when its conversation is locked', async () => {
  const agent = await world.scriptedAgent('locksmith')
  const number = await world.openIssue({ title: 'Locked', labels: ['agent: locksmith'] })
  await world.maintainer.call('PUT', `/issues/${number}/lock`)
  const tried = () =>
    world.github.requests.filter(
      ({ operationId, path }) =>
        operationId === 'issues/create-comment' && path.includes(`/issues/${number}/`),
    ).length
  await world.process(number)
  const assignment = await agent.assignment()
  await agent.accept(assignment)
  const done = await finish(world, { agent, number, assignment })
  expect(done.pullRequestNumber).not.toBeNull()
  const shown = async () => {
    const { rows } = await world.database.pool.query(
      'select 1 from tasks t join projections p on p.task_id = t.id where t.number = $1 and p.revision = t.revision',
      [number],
    )
    return rows.length === 1
  }
  await until('what can be shown is shown', shown)
  // once for each state that would have been worth a comment
  expect(tried()).toBeLessThanOrEqual(4)
  expect(await statusComments(world, number)).toEqual([])
})

describe('the body of an issue', () => {
  test('may be missing: the context says that there is none', async () => {
    const agent = await world.scriptedAgent('null', { maxConcurrent: 2 })
    const made = await world.maintainer.call('POST', '/issues', { title: 'No body', labels: ['agent: null'] })
    expect(made.body).toBeNull()
    await world.process(Number(made.number))
    const assignment = await agent.assignment()
    expect(assignment.context.markdown).toContain('(The issue has no description.)')
  })

  test('may have 65,536 characters: the context stays within its limit and says that it was cut', async () => {
    const body = `Begin.\n${'All of this matters, and so does 日本語.\n'.repeat(2_000)}`.slice(0, 65_536)
    const story = await begin(world, 'reader', { title: 'Long', body: `${body.slice(0, 65_530)}\nEnd.` })
    const { context } = story.assignment
    expect(context.tokens).toBeLessThanOrEqual(24_000)
    expect(Buffer.byteLength(context.markdown)).toBeLessThanOrEqual(24_000 * 4)
    expect(context.markdown).toContain('Begin.')
    const emoji = await begin(world, 'reader-2', { title: 'Longer', body: '😀日本語'.repeat(13_000) })
    expect(emoji.assignment.context.tokens).toBeLessThanOrEqual(24_000)
    expect(emoji.assignment.context.markdown).toContain('[... the rest of the text was cut]')
    expect(emoji.assignment.context.markdown.isWellFormed()).toBe(true)
    await story.agent.complete(story.assignment, {
      outcome: 'result',
      summary: '😀'.repeat(29_000),
    })
    await statusSays(world, story.number, 'The result is ready to look at')
    const [comment = ''] = await statusComments(world, story.number)
    expect(comment.length).toBeLessThanOrEqual(65_536)
    expect(comment.isWellFormed()).toBe(true)
  })
})

describe('an issue that goes away while an agent works on it', () => {
  const gone = [
    [
      'is deleted',
      'The issue was deleted.',
      (n: number) => world.github.deleteIssue(world.repository, n, 'maya'),
    ],
    [
      'is transferred',
      'The issue was transferred to another repository.',
      async (n: number) => {
        await world.github.createRepository({ owner: 'maya', name: 'elsewhere', files: { a: '1' } })
        await world.github.transferIssue(world.repository, n, 'maya/elsewhere', 'maya')
      },
    ],
  ] as const

  test.each(gone)(
    'ends its session when it %s, and its agent is free for other work',
    async (what, because, leave) => {
      const name = what.replaceAll(' ', '-')
      const story = await begin(world, name, { title: `It ${what}` })
      const clone = await story.agent.clone(story.assignment)
      await clone.commit({ 'a.txt': 'a\n' })
      await leave(story.number)
      expect(await story.agent.stopped(story.assignment.session.id)).toMatchObject({ reason: 'revoked' })
      expect((await clone.push()).ok).toBe(false)
      expect(await story.agent.complete(story.assignment)).toMatchObject({ code: 'session_ended' })
      const frozen = await world.task(story.number)
      expect(frozen).toMatchObject({ status: 'ready', frozen: true, statusBecause: because })
      // an app that comes back does not bring the issue back
      world.github.suspend('maya')
      await until('it is suspended', async () => (await world.project())?.frozenBecause)
      world.github.unsuspend('maya')
      await until('it is back', async () => (await world.project())?.frozenBecause === null)
      const next = await world.openIssue({ title: 'Another', labels: [`agent: ${name}`] })
      await world.process(next)
      const assignment = await story.agent.assignment()
      expect(assignment.task.number).toBe(next)
      expect(await world.task(story.number)).toMatchObject({ frozen: true })
      expect((await pullRequests(world)).some((pull) => pull.head.ref === frozen?.branch)).toBe(false)
    },
  )
})
