import { endingOf, type TaskState, taskStates } from './ending.ts'
import { checkTask, type RepositoryState, repositoryState, wrongLabels } from './github-state.ts'
import { checkDirectories, sessionProcesses } from './machine.ts'
import { nameOf, type Subject } from './subject.ts'
import { checkTokens } from './tokens.ts'
import type { Invariant, Violation } from './violation.ts'

/** Something that is not yet as it has to be. */
export interface Unsettled {
  subject: string
  why: string
  taskId?: number
  /** What is broken if it stays; `convergence` when left out. */
  invariant?: Invariant
}

/** What is still under way: nothing of it may be left two lease times after the last fault. */
export async function unsettled(subject: Subject): Promise<Unsettled[]> {
  const tasks = await taskStates(subject.db)
  const quick = [...unended(subject, tasks), ...(await openWork(subject)), ...(await onMachines(subject))]
  // GitHub is asked last: that is the dear part, and pointless before
  if (quick.length > 0) return quick
  return shown(tasks, await states(subject))
}

function unended(subject: Subject, tasks: readonly TaskState[]): Unsettled[] {
  const byName = new Map(tasks.map((task) => [nameOf(task.repository, task.number), task]))
  return subject.asked().flatMap(({ repository, number }) => {
    const name = nameOf(repository, number)
    const task = byName.get(name)
    if (task === undefined) return [{ subject: name, why: 'the server does not know that it was asked for' }]
    const ending = endingOf(task)
    if (!ending.ended) return [{ subject: name, why: ending.why, taskId: task.id }]
    return task.shown ? [] : [{ subject: name, why: 'its latest state is not on GitHub', taskId: task.id }]
  })
}

async function openWork({ db }: Subject): Promise<Unsettled[]> {
  const publishes = await db
    .selectFrom('outboundCalls')
    .select(['id', 'taskId'])
    .where('kind', '=', 'publish')
    .where('state', '=', 'pending')
    .execute()
  const deliveries = await db
    .selectFrom('webhookDeliveries')
    .select(['id', 'event', 'state'])
    .where('state', 'in', ['received', 'working'])
    .execute()
  return [
    ...publishes.map(({ id, taskId }) => ({
      subject: `publish ${id}`,
      why: 'nobody knows what became of it',
      ...(taskId === null ? {} : { taskId }),
    })),
    ...deliveries.map(({ id, event, state }) => ({
      subject: `delivery ${id} (${event})`,
      why: `it is ${state}`,
    })),
  ]
}

async function onMachines({ agents }: Subject): Promise<Unsettled[]> {
  const directories = await checkDirectories(agents)
  const processes = await sessionProcesses(agents)
  return [
    ...directories.map(({ invariant, subject, detail }) => ({ invariant, subject, why: detail })),
    ...processes.map(({ seen, session }) => ({
      invariant: 'no-orphan-process' as const,
      subject: `process ${seen.pid}`,
      why: `of session ${session} it is still there: ${seen.command.slice(0, 200)}`,
    })),
  ]
}

async function states(subject: Subject): Promise<Map<string, RepositoryState>> {
  const found = new Map<string, RepositoryState>()
  for (const repository of subject.repositories)
    found.set(repository, await repositoryState(subject.github, repository))
  return found
}

function shown(tasks: readonly TaskState[], github: ReadonlyMap<string, RepositoryState>): Unsettled[] {
  return tasks.flatMap((task) => {
    const state = github.get(task.repository)
    const why = state === undefined ? 'its repository is not ours' : wrongLabels(task, state)
    return why === null ? [] : [{ subject: nameOf(task.repository, task.number), why, taskId: task.id }]
  })
}

/** Each task's end, by what GitHub shows and by every token. What has not ended is convergence's to tell. */
export async function checkEnd(subject: Subject): Promise<{ violations: Violation[]; tasks: TaskState[] }> {
  const tasks = await taskStates(subject.db)
  const github = await states(subject)
  const violations = tasks.flatMap((task) => {
    const state = github.get(task.repository)
    return state === undefined || !endingOf(task).ended ? [] : checkTask(task, state)
  })
  const tokens = await checkTokens(subject)
  if (tokens.unanswered > 0)
    violations.push({
      invariant: 'no-live-token',
      subject: 'the gateway',
      detail: `it gave no answer about ${tokens.unanswered} tokens`,
    })
  return { violations: [...violations, ...tokens.violations], tasks }
}
