import { execFile } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { WEBHOOK_PATH } from '../../src/api/server.ts'
import type { Assignment } from '../../src/protocol/assignment.ts'
import type { Person } from './person.ts'
import { type Clone, cloneInto, type ScriptedAgent } from './scripted-agent.ts'
import { until } from './wait.ts'
import type { AgentOptions, World } from './world.ts'

/** A task that an agent of the test is at work on. */
export interface Story {
  agent: ScriptedAgent
  number: number
  assignment: Assignment
}

/** Connects an agent, opens an issue for it alone, labels it, and accepts the assignment. */
export async function begin(
  world: World,
  name: string,
  options: AgentOptions & { title?: string; body?: string } = {},
): Promise<Story> {
  const agent = await world.scriptedAgent(name, options)
  const number = await askFor(world, name, options)
  const assignment = await agent.assignment()
  expect((await agent.accept(assignment)).type).toBe('answer')
  return { agent, number, assignment }
}

/** Opens an issue that only this agent may take, and labels it. */
export async function askFor(
  world: World,
  agent: string,
  issue: { title?: string; body?: string } = {},
): Promise<number> {
  const title = issue.title ?? `Work for ${agent}`
  const number = await world.openIssue({ ...issue, title, labels: [`agent: ${agent}`] })
  await world.process(number)
  return number
}

/** Commits something, pushes it and completes: the task is in review with its pull request. */
export async function finish(world: World, { agent, number, assignment }: Story, clone?: Clone) {
  const copy = clone ?? (await agent.clone(assignment))
  await copy.commit({ [`work/${assignment.session.id}.txt`]: 'done\n' })
  expect(await copy.push()).toMatchObject({ ok: true })
  expect(await agent.complete(assignment)).toMatchObject({ type: 'answer' })
  return world.reach(number, 'review', (task) => task.pullRequestNumber !== null)
}

/** All branches at GitHub, as git sees them. */
export async function branches(world: World): Promise<Map<string, string>> {
  const url = new URL(`${world.github.gitUrl}/${world.repository}.git`)
  url.username = 'x-access-token'
  url.password = world.maintainer.token
  const { stdout } = await promisify(execFile)('git', ['ls-remote', '--heads', url.href])
  const lines = stdout.trim().split('\n')
  return new Map(lines.map((line) => line.split('\trefs/heads/').reverse() as [string, string]))
}

/** A working copy of a person, straight from GitHub; `remove` it. */
export async function personalClone(
  world: World,
  who: Person,
  branch: string,
): Promise<Clone & { remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'mc-person-'))
  const clone = await cloneInto(join(directory, 'repo'), {
    url: `${world.github.gitUrl}/${world.repository}.git`,
    username: who.login,
    password: who.token,
    branch,
    base: 'main',
  })
  return { ...clone, remove: () => rm(directory, { recursive: true, force: true }) }
}

export async function labels(world: World, number: number): Promise<string[]> {
  const issue = await world.maintainer.call('GET', `/issues/${number}`)
  return (issue.labels as { name: string }[]).map((label) => label.name)
}

export async function pullRequests(
  world: World,
): Promise<{ number: number; state: string; head: { ref: string } }[]> {
  const found = await world.maintainer.call('GET', '/pulls?state=all&per_page=100')
  return found as unknown as { number: number; state: string; head: { ref: string } }[]
}

/** The comments of the app that are a task's status. */
export async function statusComments(world: World, number: number): Promise<string[]> {
  const bodies = await world.appComments(number)
  return bodies.filter((body) => body.includes('mission-control:status'))
}

/** Waits until the one status comment of an issue contains all of these. */
export async function statusSays(world: World, number: number, ...texts: string[]): Promise<string> {
  let last = ''
  try {
    return await until(`the comment of #${number} says ${texts.join(' and ')}`, async () => {
      last = (await statusComments(world, number))[0] ?? ''
      return texts.every((text) => last.includes(text)) && last
    })
  } catch (error) {
    throw new Error(`${error}\nit says:\n${last}`)
  }
}

/** What must hold of a task at any time, once everything that was asked of GitHub is done. */
export async function expectSound(world: World, number: number): Promise<void> {
  const sessions = await world.sessions(number)
  const live = sessions.filter(({ status }) => status === 'dispatched' || status === 'running')
  expect(live.length).toBeLessThanOrEqual(1)
  expect(new Set(sessions.map(({ branch }) => branch)).size).toBeLessThanOrEqual(1)
  expect((await statusComments(world, number)).length).toBeLessThanOrEqual(1)
  const task = await world.task(number)
  const onBranch = (await pullRequests(world)).filter((pull) => pull.head.ref === task?.branch)
  expect(onBranch.filter((pull) => pull.state === 'open').length).toBeLessThanOrEqual(1)
  if (task && !task.requested) {
    await until(`#${number} has lost the trigger label`, async () => {
      return !(await labels(world, number)).includes('process')
    })
  }
}

/** Delivers a webhook by hand, signed as GitHub signs; answers the status. */
export async function deliver(
  world: World,
  event: string,
  payload: unknown,
  guid: string = randomUUID(),
): Promise<number> {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const signature = createHmac('sha256', world.github.app.webhookSecret).update(body).digest('hex')
  const response = await fetch(`${world.server.url}${WEBHOOK_PATH}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': guid,
      'x-hub-signature-256': `sha256=${signature}`,
    },
    body,
  })
  return response.status
}

/** Waits until the server has handled every delivery that it has. */
export async function settled(world: World): Promise<void> {
  await until('all deliveries are handled', async () => {
    const { rows } = await world.database.pool.query(
      "select 1 from webhook_deliveries where state in ('received', 'working') limit 1",
    )
    return rows.length === 0
  })
}

/** A delivery that GitHub made and that has not arrived. */
export interface Withheld {
  event: string
  action: string | null
  guid: string
  payload: string
}

/** Acts while deliveries of these kinds (`issues.labeled`) do not arrive; answers them in their order. */
export async function withhold(
  world: World,
  kinds: readonly string[],
  act: () => Promise<unknown>,
): Promise<Withheld[]> {
  const before = world.github.deliveries().length
  for (const kind of kinds) {
    const [event = '', action] = kind.split('.')
    world.github.faults.add({ kind: 'webhook', event, ...(action ? { action } : {}), effect: 'drop' })
  }
  await act()
  const dropped = await until(`${kinds.join(' and ')} are withheld`, () => {
    const found = world.github
      .deliveries()
      .slice(before)
      .filter((delivery) => delivery.status === 'failed to connect to host')
    return found.length === kinds.length && found
  })
  return dropped.map(({ event, action, guid, payload }) => ({ event, action, guid, payload }))
}

/** Delivers what was withheld, one after the other, each handled before the next arrives. */
export async function release(world: World, ...deliveries: (Withheld | undefined)[]): Promise<void> {
  for (const delivery of deliveries) {
    if (delivery === undefined) throw new Error('nothing was withheld')
    expect(await deliver(world, delivery.event, delivery.payload, delivery.guid)).toBe(202)
    await settled(world)
  }
}

/** The app's comments that are no status comments. */
export async function replies(world: World, number: number): Promise<string[]> {
  return (await world.appComments(number)).filter((body) => !body.includes('mission-control:status'))
}

/** The reactions to a comment, by their names. */
export async function reactionsTo(world: World, comment: number): Promise<Record<string, number>> {
  const { reactions } = await world.maintainer.call('GET', `/issues/comments/${comment}`)
  return reactions as Record<string, number>
}

/** Comments, and waits for the reaction that says that it was seen. */
export async function sayIn(
  world: World,
  who: Person,
  number: number,
  body: string,
  reaction: '+1' | 'confused',
): Promise<void> {
  const comment = await who.comment(number, body)
  await until(`${body} gets ${reaction}`, async () => (await reactionsTo(world, comment))[reaction] === 1)
}
