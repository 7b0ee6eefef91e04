import { type FrozenBecause, freezeProject, thawProject } from '../../orchestrator/freeze.ts'
import { syncRepository } from '../../orchestrator/sync-repository.ts'
import { projectOf, type WebhookContext } from '../context.ts'
import { RepositoryEvent, readPayload, repositorySnapshot } from '../payload.ts'
import type { EventHandlers } from './event.ts'

/** The repository gets another name, owner, visibility or default branch, or goes away. */
export const repository: EventHandlers = {
  events: {
    'repository.renamed': sync,
    'repository.transferred': sync,
    'repository.edited': sync,
    'repository.privatized': sync,
    'repository.publicized': sync,
    'repository.unarchived': thaw,
    'repository.archived': (context, payload) => freeze(context, payload, 'archived'),
    'repository.deleted': (context, payload) => freeze(context, payload, 'deleted'),
  },
}

async function sync(context: WebhookContext, payload: unknown): Promise<void> {
  await syncRepository(context.orchestrator, repositorySnapshot(readPayload(RepositoryEvent, payload)))
}

async function freeze(context: WebhookContext, payload: unknown, because: FrozenBecause): Promise<void> {
  const project = await projectOf(context, readPayload(RepositoryEvent, payload))
  if (project) await freezeProject(context.orchestrator, project.id, because)
}

async function thaw(context: WebhookContext, payload: unknown): Promise<void> {
  const project = await projectOf(context, readPayload(RepositoryEvent, payload))
  if (project) await thawProject(context.orchestrator, project.id, ['archived'])
}
