import { freezeProject } from '../../orchestrator/freeze.ts'
import { syncRepository } from '../../orchestrator/sync-repository.ts'
import { projectOf, type WebhookContext } from '../context.ts'
import { RepositoryEvent, repositorySnapshot } from '../payload.ts'
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
    'repository.archived': (context, payload) => freeze(context, payload, 'The repository is archived.'),
    'repository.deleted': (context, payload) => freeze(context, payload, 'The repository was deleted.'),
  },
}

async function sync(context: WebhookContext, payload: unknown): Promise<void> {
  await syncRepository(context.orchestrator, repositorySnapshot(RepositoryEvent.parse(payload)))
}

async function freeze(context: WebhookContext, payload: unknown, because: string): Promise<void> {
  const project = await projectOf(context, RepositoryEvent.parse(payload))
  if (project) await freezeProject(context.orchestrator, project.id, because)
}

async function thaw(context: WebhookContext, payload: unknown): Promise<void> {
  const project = await projectOf(context, RepositoryEvent.parse(payload))
  if (project) await freezeProject(context.orchestrator, project.id, null)
}
