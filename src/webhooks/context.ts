import { findProjectByRepository, type Project } from '../db/repositories/projects.ts'
import { findTaskByNumber, type Task } from '../db/repositories/tasks.ts'
import { isGitHubError } from '../github/error.ts'
import type { GitHub } from '../github/github.ts'
import type { Issue } from '../github/issues.ts'
import { rightSuffices } from '../github/repositories.ts'
import type { RepositoryRef } from '../github/repository-ref.ts'
import { loadConfig } from '../orchestrator/load-config.ts'
import type { Orchestrator } from '../orchestrator/orchestrator.ts'
import type { IssueSnapshot, Person, RepositorySnapshot } from '../orchestrator/touch-task.ts'
import type { RepositoryConfig } from '../protocol/repository-config.ts'
import { REPOSITORY_CONFIG_PATH } from '../protocol/repository-config-file.ts'
import type { Logger } from '../runtime/logger.ts'
import { type RepositoryEvent, repositorySnapshot } from './payload.ts'

/** What the handlers of events and commands act with. */
export interface WebhookContext {
  readonly orchestrator: Orchestrator
  readonly github: GitHub
  readonly logger: Logger
}

export function repositoryRef(repository: RepositorySnapshot): RepositoryRef {
  return {
    installationId: repository.installationId,
    owner: repository.owner,
    name: repository.name,
    repositoryId: repository.githubId,
  }
}

/** True for an event that we caused ourselves; those change nothing. */
export async function isOwn(context: WebhookContext, event: RepositoryEvent): Promise<boolean> {
  if (event.sender.type !== 'Bot') return false
  return (await context.github.app.bot(event.installation.id)).id === event.sender.id
}

/** The project of an event, if the repository is one. */
export function projectOf(context: WebhookContext, event: RepositoryEvent): Promise<Project | undefined> {
  return findProjectByRepository(context.orchestrator.db, event.repository.id)
}

export async function taskOf(
  context: WebhookContext,
  event: RepositoryEvent,
  number: number,
): Promise<{ project: Project; task: Task } | undefined> {
  const project = await projectOf(context, event)
  const task = project && (await findTaskByNumber(context.orchestrator.db, project.id, number))
  return project && task ? { project, task } : undefined
}

/**
 * The config in force for a repository. It is read from GitHub at the first event that needs it; afterwards
 * pushes to the default branch and every gathering of sources keep it up to date.
 */
export async function configOf(context: WebhookContext, event: RepositoryEvent): Promise<RepositoryConfig> {
  const project = await projectOf(context, event)
  if (project?.configSha != null) return project.config
  return (await reloadConfig(context, event)).config
}

/** Reads the config file from GitHub and takes it into force. */
export async function reloadConfig(context: WebhookContext, event: RepositoryEvent): Promise<Project> {
  const repository = repositorySnapshot(event)
  const at = repositoryRef(repository)
  const file = await context.github.repositories.file(at, REPOSITORY_CONFIG_PATH, repository.defaultBranch)
  const text = file === null ? '' : 'text' in file ? file.text : file
  return loadConfig(context.orchestrator, repository, text)
}

/** True when a person may start work in this repository: their right is at least the configured one. */
export async function mayTrigger(
  context: WebhookContext,
  repository: RepositorySnapshot,
  config: RepositoryConfig,
  who: Person & { bot: boolean },
): Promise<boolean> {
  if (who.bot) return config.trigger.bots.includes(who.id)
  const right = await context.github.repositories.rightOf(repositoryRef(repository), who)
  return rightSuffices(right, config.trigger.who)
}

/** The issue as GitHub has it now, or null when it was deleted, transferred or is out of our sight. */
export async function currentIssue(
  context: WebhookContext,
  repository: RepositorySnapshot,
  number: number,
): Promise<(IssueSnapshot & { stateReason: string | null }) | null> {
  try {
    return snapshotOf(await context.github.issues.get(repositoryRef(repository), number))
  } catch (error) {
    if (isGitHubError(error, 'not_found', 'gone')) return null
    throw error
  }
}

function snapshotOf(issue: Issue): IssueSnapshot & { stateReason: string | null } {
  return {
    id: issue.id,
    number: issue.number,
    url: issue.url,
    title: issue.title,
    body: issue.body,
    authorId: issue.author?.id ?? 0,
    authorLogin: issue.author?.login ?? 'ghost',
    open: issue.open,
    updatedAt: issue.updatedAt,
    labels: [...issue.labels],
    comments: issue.commentCount,
    stateReason: issue.stateReason,
  }
}
