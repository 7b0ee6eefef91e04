import { z } from 'zod'
import { findProjectByRepository } from '../../db/repositories/projects.ts'
import { changeInstallation, freezeProject } from '../../orchestrator/freeze.ts'
import type { WebhookContext } from '../context.ts'
import { AccountPayload } from '../payload.ts'
import type { EventHandlers } from './event.ts'

const Installation = z.object({ id: z.int(), account: AccountPayload })
const Payload = z.object({ action: z.string(), installation: Installation })
const RepositoriesPayload = Payload.extend({
  repositories_added: z.array(z.object({ id: z.int() })),
  repositories_removed: z.array(z.object({ id: z.int() })),
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
    const { installation: told } = Payload.parse(payload)
    const account = { id: told.id, accountId: told.account.id, accountLogin: told.account.login }
    await changeInstallation(context.orchestrator, account, state)
    // who we are is asked now, so that the first task does not wait for it
    if (state === 'active') await context.github.app.bot(told.id)
  }
}

async function repositories(context: WebhookContext, payload: unknown): Promise<void> {
  const told = RepositoriesPayload.parse(payload)
  const set = async (githubId: number, because: string | null): Promise<void> => {
    const project = await findProjectByRepository(context.orchestrator.db, githubId)
    if (project) await freezeProject(context.orchestrator, project.id, because)
  }
  for (const { id } of told.repositories_removed) {
    await set(id, 'The app no longer has access to this repository.')
  }
  for (const { id } of told.repositories_added) await set(id, null)
}
