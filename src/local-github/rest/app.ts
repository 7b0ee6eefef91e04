import { notFound, type Refusal, refuse } from '../actions/outcome.ts'
import { covers } from '../permissions.ts'
import { renderApp, renderInstallation } from '../render/installation.ts'
import { renderFullRepository } from '../render/repository.ts'
import { time } from '../render/time.ts'
import type { Installation, Level, Permissions } from '../store/installation.ts'
import type { Repository } from '../store/repository.ts'
import { type Answer, type Area, bodyOf, type Call, created, ok } from './call.ts'
import { paged } from './paging.ts'

function installationOf(call: Call): Installation | undefined {
  return call.context.store.installations.byId(Number(call.params.installation_id))
}

function showInstallation(call: Call, installation: Installation | undefined): Answer | Refusal {
  return installation ? ok(renderInstallation(call.context, installation)) : notFound()
}

function getRepositoryInstallation(call: Call): Answer | Refusal {
  const { store } = call.context
  const repository = store.repositories.byFullName(`${call.params.owner}/${call.params.repo}`)
  return showInstallation(call, repository && store.installations.ofRepository(repository.id))
}

/** The repositories that a token is asked for; `null`: all. */
function askedRepositories(
  call: Call,
  installation: Installation,
): { ok: true; ids: ReadonlySet<number> | null } | Refusal {
  const { repository_ids: ids, repositories: wanted } = bodyOf(call) as {
    repository_ids?: number[]
    repositories?: string[]
  }
  if (!ids && !wanted) return { ok: true, ids: null }
  const { repositories } = call.context.store
  const held = [...installation.repositoryIds].map((id) => repositories.require(id))
  const found = [
    ...(ids ?? []).map((id) => held.find((repository) => repository.id === id)),
    ...(wanted ?? []).map((name) =>
      held.find((repository) => repository.name.toLowerCase() === name.toLowerCase()),
    ),
  ]
  const known = found.filter((repository): repository is Repository => repository !== undefined)
  if (known.length < found.length || found.length === 0)
    return refuse(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    )
  return { ok: true, ids: new Set(known.map((repository) => repository.id)) }
}

function askedPermissions(
  call: Call,
  installation: Installation,
): { ok: true; permissions: Permissions } | Refusal {
  const asked = bodyOf(call).permissions as Record<string, Level> | undefined
  if (!asked) return { ok: true, permissions: installation.permissions }
  const tooMuch = Object.entries(asked).some(
    ([permission, level]) => !covers(installation.permissions, { permission, level }),
  )
  if (tooMuch) return refuse(422, 'The permissions requested are not granted to this installation.')
  return { ok: true, permissions: { metadata: 'read', ...asked } }
}

function createToken(call: Call): Answer | Refusal {
  const { context } = call
  const installation = installationOf(call)
  if (!installation) return notFound()
  if (installation.suspendedAt) return refuse(403, 'This installation has been suspended')
  const repositories = askedRepositories(call, installation)
  if (!repositories.ok) return repositories
  const granted = askedPermissions(call, installation)
  if (!granted.ok) return granted
  const expiresAt = new Date(context.now().getTime() + context.accessTokenSeconds * 1000)
  const { permissions } = granted
  const token = context.store.tokens.issueForInstallation(context.app.id, {
    installationId: installation.id,
    permissions,
    repositoryIds: repositories.ids,
    expiresAt,
    seconds: context.accessTokenSeconds,
  })
  const listed = [...(repositories.ids ?? [])].map((id) =>
    renderFullRepository(context, null, context.store.repositories.require(id)),
  )
  return created({
    token,
    expires_at: time(expiresAt),
    permissions,
    repository_selection: 'selected',
    ...(listed.length > 0 && { repositories: listed }),
  })
}

async function listRepositories(call: Call): Promise<Answer | Refusal> {
  const { actor, context } = call
  if (actor?.kind !== 'installation')
    return refuse(
      403,
      'You must authenticate with an installation access token in order to list repositories for an installation.',
    )
  const ids = [...(actor.repositoryIds ?? actor.installation.repositoryIds)]
  const rows = ids.flatMap((id) => context.store.repositories.byId(id) ?? [])
  return paged(
    call,
    rows,
    (repository) => renderFullRepository(context, actor, repository),
    (repositories) => ({ total_count: rows.length, repository_selection: 'selected', repositories }),
  )
}

/** The app about itself, its installations and its tokens. */
export const appArea: Area = {
  general: {
    'apps/get-authenticated': (call) =>
      ok(renderApp(call.context, call.context.app, call.context.appPermissions)),
    'apps/list-installations': (call) =>
      paged(call, call.context.store.installations.all(), (row) => renderInstallation(call.context, row)),
    'apps/get-installation': (call) => showInstallation(call, installationOf(call)),
    'apps/get-repo-installation': getRepositoryInstallation,
    'apps/create-installation-access-token': createToken,
    'apps/list-repos-accessible-to-installation': listRepositories,
  },
}
