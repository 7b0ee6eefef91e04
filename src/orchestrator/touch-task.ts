import {
  ensureProject,
  findProjectByRepository,
  type Project,
  saveInstallation,
  updateProject,
} from '../db/repositories/projects.ts'
import {
  anyLane,
  findTaskByNumber,
  insertTask,
  laneOf,
  lockTask,
  type Task,
  type TaskChanges,
  updateTask,
} from '../db/repositories/tasks.ts'
import { defaultPriority, neededCapabilities, priorityRank, readLabels } from '../domain/labels.ts'
import { RepositoryConfig } from '../protocol/repository-config.ts'
import { sha256 } from '../runtime/keys.ts'
import type { Unit } from './orchestrator.ts'

/** A repository as an event of GitHub tells it. */
export interface RepositorySnapshot {
  githubId: number
  installationId: number
  owner: string
  ownerId: number
  name: string
  private: boolean
  defaultBranch: string
}

/** An issue as an event of GitHub tells it, or as GitHub answered it. */
export interface IssueSnapshot {
  id: number
  number: number
  url: string
  title: string
  body: string
  authorId: number
  authorLogin: string
  open: boolean
  updatedAt: Date
  labels: string[]
  comments: number
}

/** A person, by GitHub's numeric id. */
export interface Person {
  id: number
  login: string
}

/** What a person approves when they ask for an issue: its title and body, as they saw them. */
export function approvedHash(issue: { title: string; body: string }): string {
  return sha256(JSON.stringify([issue.title, issue.body]))
}

/** The project of a repository, made at the first touch, its name and visibility kept up to date. */
export async function touchProject(
  unit: Pick<Unit, 'trx'>,
  repository: RepositorySnapshot,
): Promise<Project> {
  await saveInstallation(unit.trx, {
    id: repository.installationId,
    accountId: repository.ownerId,
    accountLogin: repository.owner,
  })
  const facts = {
    installationId: repository.installationId,
    ownerLogin: repository.owner,
    name: repository.name,
    private: repository.private,
    defaultBranch: repository.defaultBranch,
  }
  const found = await findProjectByRepository(unit.trx, repository.githubId)
  if (found === undefined) {
    const config = JSON.stringify(RepositoryConfig.parse({}))
    return ensureProject(unit.trx, { ...facts, githubId: repository.githubId, config })
  }
  const same = Object.entries(facts).every(([key, value]) => found[key as keyof typeof facts] === value)
  return same ? found : updateProject(unit.trx, found.id, facts)
}

/** The task of an issue, locked; made in `backlog` at the first trusted touch. */
export async function touchTask(unit: Unit, project: Project, issue: IssueSnapshot): Promise<Task> {
  const found = await findTaskByNumber(unit.trx, project.id, issue.number)
  if (found !== undefined) {
    const locked = await lockTask(unit.trx, found.id)
    if (locked !== undefined) return locked
  }
  // tasks before lanes, as everywhere: a lane made before it is known whose task this is could deadlock
  const laneId = (await anyLane(unit.trx, project.id)) ?? (await laneOf(unit.trx, project.id, []))
  const made = await insertTask(unit.trx, {
    laneId,
    projectId: project.id,
    number: issue.number,
    githubIssueId: issue.id,
    url: issue.url,
    title: issue.title,
    description: issue.body,
    creatorId: issue.authorId,
    creatorLogin: issue.authorLogin,
    issueOpen: issue.open,
    issueUpdatedAt: issue.updatedAt,
    ...readFacts(project, issue),
  })
  if (made === undefined) return touchTask(unit, project, issue)
  const facts = await labelFacts(unit, project, issue)
  return facts.laneId === laneId ? made : updateTask(unit.trx, made.id, { laneId: facts.laneId })
}

/** What the labels of an issue say about its task, and the lane that follows from them. */
async function labelFacts(
  unit: Unit,
  project: Project,
  issue: { labels: string[] },
): Promise<Required<Pick<Task, 'laneId' | 'tags' | 'priority' | 'requestedAgent' | 'estimatedTokens'>>> {
  const facts = readFacts(project, issue)
  const needed = neededCapabilities(facts.tags, project.config.routing)
  return { ...facts, laneId: await laneOf(unit.trx, project.id, needed) }
}

function readFacts(
  project: Project,
  issue: { labels: string[] },
): Pick<Task, 'tags' | 'priority' | 'requestedAgent' | 'estimatedTokens'> {
  const { trigger, labels } = project.config
  const facts = readLabels(issue.labels, [trigger.label, labels.needs_human])
  return {
    tags: [...facts.tags],
    priority: priorityRank(facts.priority ?? defaultPriority),
    requestedAgent: facts.agent,
    estimatedTokens: facts.estimatedTokens,
  }
}

/**
 * True when the task may know more of its issue than this tells. GitHub's times are whole seconds, so what an
 * event tells from the second that is known says nothing certain; what GitHub answered when `asked` does.
 */
export function isStale(task: Task, issue: IssueSnapshot, asked: boolean): boolean {
  return asked ? issue.updatedAt < task.issueUpdatedAt : issue.updatedAt <= task.issueUpdatedAt
}

/** True when the issue carries the project's trigger label; names are compared as GitHub does, without case. */
export function isTriggerLabelled(project: Project, labels: readonly string[]): boolean {
  const trigger = project.config.trigger.label.toLowerCase()
  return labels.some((label) => label.toLowerCase() === trigger)
}

/** Facts of the issue that a task keeps, whatever else happens to it. */
export async function issueFacts(unit: Unit, project: Project, issue: IssueSnapshot): Promise<TaskChanges> {
  return {
    ...(await labelFacts(unit, project, issue)),
    issueOpen: issue.open,
    issueUpdatedAt: issue.updatedAt,
    commentCount: issue.comments,
    url: issue.url,
    triggerLabelled: isTriggerLabelled(project, issue.labels),
  }
}
