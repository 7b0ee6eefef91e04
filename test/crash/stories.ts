import { rm, writeFile } from 'node:fs/promises'
import { expect } from 'vitest'
import type { Task } from '../../src/db/repositories/tasks.ts'
import { priorityRank } from '../../src/domain/labels.ts'
import { labels, pullRequests, reactionsTo, replies, statusComments } from '../harness/story.ts'
import { until } from '../harness/wait.ts'
import { type AgentName, FORBIDDEN, type Stage, WAITING } from './stage.ts'

/** Longer than a job whose process died stays with it (20 s), than a lease and than a lock. */
const PATIENCE = 240

/**
 * What happens while a part dies and comes back. It resolves when everything is as it has to be in the end, however
 * often something died meanwhile: nothing here knows of the death.
 */
type Story = (stage: Stage) => Promise<void>

export const STORIES = {
  /** A labelled issue becomes a pull request. */
  async label(stage) {
    await expectPullRequest(stage, await ask(stage, 'ada'))
  },

  /** The delivery of the label is lost, and GitHub has to be asked for it. */
  async lostWebhook(stage) {
    stage.world.github.faults.add({ kind: 'webhook', event: 'issues', action: 'labeled', effect: 'drop' })
    const number = await stage.world.openIssue({ title: 'A lost webhook' })
    await stage.world.process(number)
    await expectPullRequest(stage, number)
  },

  /** The config is changed on the base, and is in force when an issue is labelled. */
  async newConfig(stage) {
    const { maintainer } = stage.world
    const before = await stage.world.project()
    const path = '/contents/.github/mission-control.yml'
    const { sha } = await maintainer.call('GET', path)
    const text = `limits: { max_attempts: 8 } # ${Date.now()}\n`
    const content = Buffer.from(text).toString('base64')
    await maintainer.call('PUT', path, { message: 'Change the limits', content, sha })
    const taken = async (): Promise<boolean> => (await stage.world.project())?.configSha !== before?.configSha
    await until('the config is in force', taken, PATIENCE)
    await expectPullRequest(stage, await ask(stage, 'ada'))
  },

  /** The server knows nothing yet of the repository's commits. */
  async newProject(stage) {
    await stage.world.database.pool.query('update projects set base_sha = null')
    await expectPullRequest(stage, await ask(stage, 'ada'))
  },

  /** The pull request is merged. */
  async merge(stage) {
    const number = await ask(stage, 'ada')
    const { pullRequestNumber } = await expectPullRequest(stage, number)
    await stage.world.maintainer.call('PUT', `/pulls/${pullRequestNumber}/merge`, {})
    await reach(stage, number, (task) => task.status === 'done' && task.mergedAt !== null)
  },

  /** The issue is closed when its work is in review. */
  async close(stage) {
    const number = await ask(stage, 'ada')
    await expectPullRequest(stage, number)
    await stage.world.maintainer.call('PATCH', `/issues/${number}`, { state: 'closed' })
    await reach(stage, number, (task) => task.status === 'done')
    await shown(stage, number)
  },

  /** A label that says more about the task comes later. */
  async relabel(stage) {
    const number = await ask(stage, 'ada')
    await reach(stage, number, (task) => task.status === 'processing')
    await stage.world.maintainer.call('POST', `/issues/${number}/labels`, { labels: ['priority: high'] })
    await expectPullRequest(stage, number)
    // the event of the label may be handled again after everything else
    await reach(stage, number, ({ priority }) => priority === priorityRank('high'))
  },

  /** The agent does what only a person may do: here `needs-human` is the right end. */
  async forbidden(stage) {
    const { world } = stage
    const number = await ask(stage, 'ada', FORBIDDEN)
    await reach(
      stage,
      number,
      ({ status, pauseReason }) => status === 'paused' && pauseReason === 'needs_human',
    )
    await shown(stage, number)
    expect(await has(stage, number, 'needs-human')).toBe(true)
    expect(await statusComments(world, number)).toEqual([expect.stringContaining('.github/workflows')])
    expect(await pullRequestsOf(stage, number)).toEqual([])
  },

  /** The work is held until a person approves it. */
  async hold(stage) {
    const { world } = stage
    stage.summonHal()
    const number = await ask(stage, 'hal')
    await reach(stage, number, (task) => task.status === 'review')
    await shown(stage, number)
    expect(await has(stage, number, 'needs-human')).toBe(true)
    expect(await pullRequestsOf(stage, number)).toHaveLength(0)
    await world.maintainer.comment(number, '/approve')
    await expectPullRequest(stage, number)
    expect(await has(stage, number, 'needs-human')).toBe(false)
  },

  /** A question about the commands is answered once. */
  async help({ world }) {
    const number = await world.openIssue({ title: 'How does it work?' })
    const comment = await world.maintainer.comment(number, '/help')
    const query = "select 1 from outbound_calls where kind = 'reply_comment' and key = $1 and state = 'done'"
    const answered = async (): Promise<boolean> =>
      (await world.database.pool.query(query, [`comment:${comment}`])).rowCount === 1
    await until(`the comment on #${number} is answered`, answered, PATIENCE)
    expect(await replies(world, number)).toHaveLength(1)
    expect(await reactionsTo(world, comment)).toMatchObject({ '+1': 1, confused: 0 })
  },

  /** The runner goes and comes back before there is work. */
  async return(stage) {
    await stage.part('runner').stop()
    await stage.revive('runner')
    await expectPullRequest(stage, await ask(stage, 'ada'))
  },

  /** The runner is given more than it takes at once. */
  async busy(stage) {
    const { world, gate } = stage
    await rm(gate, { force: true })
    const first = await ask(stage, 'ada', WAITING)
    await reach(stage, first, ({ status }) => status === 'processing')
    const second = await ask(stage, 'ada')
    const declined = async (): Promise<boolean> =>
      (await world.task(second))?.status === 'review' ||
      [...(await world.events(first)), ...(await world.events(second))].some(
        ({ kind }) => kind === 'session_declined',
      )
    await until('one of the two was declined', declined, PATIENCE)
    await writeFile(gate, '')
    await expectPullRequest(stage, first)
    await expectPullRequest(stage, second)
  },

  /** The runner dies while it works, and only the end of the lease tells. */
  async lostRunner(stage) {
    const runner = stage.part('runner')
    await runner.dieAt('before program')
    const number = await ask(stage, 'ada')
    await runner.ended
    await until('the session is lost', async () => (await stage.world.sessions(number))[0]?.endedAt, PATIENCE)
    await stage.revive('runner')
    await expectPullRequest(stage, number)
  },
} as const satisfies Record<string, Story>
export type StoryName = keyof typeof STORIES

async function ask({ world }: Stage, agent: AgentName, body = 'It should be done.'): Promise<number> {
  const number = await world.openIssue({ title: `Work for ${agent}`, body, labels: [`agent: ${agent}`] })
  await world.process(number)
  return number
}

/** Waits for the task's one pull request, and looks at everything that people see of the task. */
async function expectPullRequest(stage: Stage, number: number): Promise<Task> {
  const { world } = stage
  const task = await reach(stage, number, ({ status, pullRequestNumber }) => {
    return status === 'review' && pullRequestNumber !== null
  })
  await shown(stage, number)
  expect(await statusComments(world, number)).toEqual([expect.stringContaining('Ready for review')])
  expect(await has(stage, number, 'process')).toBe(false)
  expect(await replies(world, number)).toEqual([])
  expect(await pullRequestsOf(stage, number)).toEqual([task.pullRequestNumber])
  expect(await subjects(stage, String(task.branch))).toEqual([
    task.title,
    'Record what was done in CONTEXT.md',
  ])
  return task
}

/** Waits until GitHub shows the task as it is. Asks the database: GitHub's answers cost too much to be asked for all the time. */
async function shown({ world }: Stage, number: number): Promise<void> {
  const task = await world.task(number)
  const query = `select 1 from projections p join tasks t on t.id = p.task_id
    where t.id = $1 and p.revision >= t.revision and p.locked_until is null`
  const look = async (): Promise<boolean> =>
    (await world.database.pool.query(query, [task?.id])).rowCount === 1
  await until(`#${number} is shown`, look, PATIENCE)
}

/** The first lines of the commits that a branch at GitHub has and the base has not: work that was done twice shows. */
async function subjects({ world }: Stage, branch: string): Promise<string[]> {
  const { commits } = await world.maintainer.call('GET', `/compare/main...${encodeURIComponent(branch)}`)
  return (commits as { commit: { message: string } }[]).map(
    ({ commit }) => commit.message.split('\n')[0] ?? '',
  )
}

async function reach(stage: Stage, number: number, wanted: (task: Task) => boolean): Promise<Task> {
  const { world } = stage
  let last: Task | undefined
  const look = async (): Promise<Task | null> => {
    last = await world.task(number)
    return last && wanted(last) ? last : null
  }
  try {
    return await until(`#${number} gets where it has to`, look, PATIENCE)
  } catch (error) {
    const history = (await world.events(number)).map(
      ({ kind, detail }) => `${kind} ${JSON.stringify(detail)}`,
    )
    throw new Error(`${error}\nit is ${last?.status} (${last?.statusBecause})\n${history.join('\n')}`)
  }
}

async function has({ world }: Stage, number: number, label: string): Promise<boolean> {
  return (await labels(world, number)).includes(label)
}

/** The numbers of all pull requests that a task's branch has or had. */
async function pullRequestsOf({ world }: Stage, number: number): Promise<number[]> {
  const task = await world.task(number)
  const all = await pullRequests(world)
  return all.filter((pull) => pull.head.ref === task?.branch).map((pull) => pull.number)
}
