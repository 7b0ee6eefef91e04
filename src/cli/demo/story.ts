import type { Kysely } from 'kysely'
import { findProjectByName } from '../../db/repositories/projects.ts'
import { lastEvents } from '../../db/repositories/session-events.ts'
import { latestSessionOfTask, type Session } from '../../db/repositories/sessions.ts'
import { findTaskByNumber, type Task } from '../../db/repositories/tasks.ts'
import type { Database } from '../../db/schema.ts'
import type { World } from './world.ts'

/** One thing that happened on the way from the label to the merge. */
export interface Step {
  event: string
  /** Milliseconds since the demo started. */
  elapsedMs: number
  [detail: string]: unknown
}

/** How the first issue ended. */
export interface Ending extends Step {
  event: 'done'
  taskId: number
  issueUrl: string
  branch: string
  commit: string
  pullRequestUrl: string
  taskStatus: string
  sessionStatus: string
  githubCalls: number
  contentCalls: number
}

const LOOK_MS = 25

/**
 * Plays the maintainer for the first issue: labels it, waits for the pull request, merges it, waits until the
 * task is done. Tells each step as the database shows it.
 */
export async function playFirstIssue(
  world: World,
  db: Kysely<Database>,
  startedAt: number,
  tell: (step: Step) => void,
): Promise<Ending> {
  const [issue] = world.issues
  if (issue === undefined) throw new Error('the demo has no issue')
  const elapsed = (): number => Math.round(performance.now() - startedAt)
  const callsBefore = world.github.requests.length
  await world.maintainer.label(issue.number, 'process')
  tell({ event: 'labelled', elapsedMs: elapsed(), issue: issue.number, url: issue.url })

  let task = await follow((now) => now.status === 'review' && now.pullRequestNumber !== null)
  if (task.pullRequestNumber === null) throw new Error('a task in review has a pull request')
  const { commit } = await world.maintainer.merge(task.pullRequestNumber)
  tell({ event: 'merged', elapsedMs: elapsed(), pullRequest: task.pullRequestNumber, commit })
  task = await follow((now) => now.status === 'done')
  const session = await settled(task)
  const calls = appCalls(world, callsBefore)
  return {
    event: 'done',
    elapsedMs: elapsed(),
    taskId: task.id,
    issueUrl: task.url,
    branch: session.branch,
    commit: session.headSha ?? '',
    pullRequestUrl: task.pullRequestUrl ?? '',
    taskStatus: task.status,
    sessionStatus: session.status,
    ...calls,
  }

  /** Tells what happens to the task until a state is reached. */
  async function follow(reached: (task: Task) => boolean): Promise<Task> {
    const deadline = performance.now() + world.driver.patienceMs
    while (performance.now() < deadline) {
      const now = await readTask()
      if (now) await tellNew(now)
      if (now && reached(now)) return now
      if (now?.status === 'paused' || now?.status === 'cancelled') {
        throw new Error(`the task is ${now.status}: ${now.statusBecause}`)
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
    const minutes = world.driver.patienceMs / 60_000
    throw new Error(`the demo did not get on in ${minutes} minutes; its logs say more (--verbose)`)
  }

  async function readTask(): Promise<Task | undefined> {
    const [owner = '', name = ''] = world.repository.split('/')
    const project = await findProjectByName(db, owner, name)
    return project && issue && findTaskByNumber(db, project.id, issue.number)
  }

  async function tellNew(now: Task): Promise<void> {
    for (const event of await lastEvents(db, now.id, 50)) {
      if (event.id <= told.last) continue
      told.last = event.id
      const { because, agent, message, sha, branch } = event.detail
      const detail = Object.fromEntries(
        Object.entries({ because, agent, message, sha, branch }).filter(([, value]) => value != null),
      )
      tell({ event: event.kind, elapsedMs: elapsed(), ...detail })
    }
  }

  async function settled(of: Task): Promise<Session> {
    await waitForProjection(world)
    const session = await latestSessionOfTask(db, of.id)
    if (session === undefined) throw new Error('a task that is done had a session')
    return session
  }
}

const told = { last: 0 }

/** The comment's last edit belongs to the story: it is waited for, so that its call is counted. */
async function waitForProjection(world: World): Promise<void> {
  const deadline = performance.now() + 5_000
  const edits = (): number =>
    world.github.requests.filter((request) => request.operationId === 'issues/update-comment').length
  while (edits() < 2 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** Requests that the app made for this task, git included and the minting of tokens left out, as GitHub counted them. */
function appCalls(world: World, since: number): { githubCalls: number; contentCalls: number } {
  const calls = world.github.requests
    .slice(since)
    .filter(
      ({ actor, operationId }) =>
        actor === 'installation' && operationId !== 'apps/create-installation-access-token',
    )
  return { githubCalls: calls.length, contentCalls: calls.filter((call) => call.contentCreating).length }
}
