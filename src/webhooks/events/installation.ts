import { z } from 'zod'
import { findProjectByRepository } from '../../db/repositories/projects.ts'
import { changeInstallation, freezeProject, regainRepositories } from '../../orchestrator/freeze.ts'
import type { WebhookContext } from '../context.ts'
import { AccountPayload, readPayload } from '../payload.ts'
import type { EventHandlers } from './event.ts'

const Installation = z.object({ id: z.int(), account: AccountPayload })
const repositoryList = z.array(z.object({ id: z.int() }))
const Payload = z.object({
  action: z.string(),
  installation: Installation,
  repositories: repositoryList.nullish(),
})
export const RepositoriesPayload = Payload.extend({
  repositories_added: repositoryList,
  repositories_removed: repositoryList,
})

/** The app comes, goes, or is suspended. Projects are made lazily: installing in 500 repositories costs nothing. */
export const installation: EventHandlers = {
  events: {
    'installation.created': change('active'),
    'installation.unsuspend': change('active'),
    'installation.new_permissions_accepted': change('active'),
    'installation.suspend': change('suspended'),
    'installation.deleted': change('removed'),
    'installation_repositories.added': repositories,
    'installation_repositories.removed': repositories,
  },
}

function change(state: 'active' | 'suspended' | 'removed') {
  return async (context: WebhookContext, payload: unknown): Promise<void> => {
    const { installation: told, action, repositories: covered } = readPayload(Payload, payload)
    const account = accountOf(told)
    await changeInstallation(context.orchestrator, account, state)
    if (action === 'created') await regainRepositories(context.orchestrator, account, idsOf(covered))
    // who we are is asked now, so that the first task does not wait for it
    if (state === 'active') await context.github.app.bot(told.id)
  }
}

async function repositories(context: WebhookContext, payload: unknown): Promise<void> {
  const told = readPayload(RepositoriesPayload, payload)
  for (const { id } of told.repositories_removed) {
    const project = await findProjectByRepository(context.orchestrator.db, id)
    // a transferred repository may be in the new owner's installation already
    if (project) await freezeProject(context.orchestrator, project.id, 'noAccess', told.installation.id)
  }
  await regainRepositories(context.orchestrator, accountOf(told.installation), idsOf(told.repositories_added))
}

function accountOf({ id, account }: z.infer<typeof Installation>) {
  return { id, accountId: account.id, accountLogin: account.login }
}

function idsOf(repositories: z.infer<typeof repositoryList> | null | undefined): number[] {
  return (repositories ?? []).map(({ id }) => id)
}
