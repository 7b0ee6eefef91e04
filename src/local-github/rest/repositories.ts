import { notFound, type Outcome, refuse } from '../actions/outcome.ts'
import { deleteRepository, setCollaborator, transferRepository } from '../actions/ownership.ts'
import { type RepositoryChanges, updateRepository } from '../actions/repositories.ts'
import { hasRole, roleOf } from '../auth/rights.ts'
import { renderFullRepository, renderRepository } from '../render/repository.ts'
import { renderUser } from '../render/user.ts'
import type { Role } from '../store/repository.ts'
import type { User } from '../store/user.ts'
import {
  type Area,
  answer,
  bodyOf,
  noContent,
  ok,
  type RepositoryCall,
  text,
  type WriteCall,
} from './call.ts'

function changesOf(call: WriteCall): RepositoryChanges {
  const body = bodyOf(call)
  const flag = (name: string) => (typeof body[name] === 'boolean' ? body[name] : undefined)
  const given: { [Key in keyof RepositoryChanges]: RepositoryChanges[Key] | undefined } = {
    name: text(body.name),
    description: body.description === undefined ? undefined : (text(body.description) ?? null),
    private: body.visibility === undefined ? flag('private') : body.visibility === 'private',
    archived: flag('archived'),
    defaultBranch: text(body.default_branch),
    deleteBranchOnMerge: flag('delete_branch_on_merge'),
    mergeMethods: present({
      merge: flag('allow_merge_commit'),
      squash: flag('allow_squash_merge'),
      rebase: flag('allow_rebase_merge'),
    }),
  }
  return present(given)
}

type Present<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> }

/** Without the fields that were not given. */
function present<Fields extends object>(fields: Fields): Present<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Present<Fields>
}

function update(call: WriteCall) {
  const { context, actor, repository } = call
  return answer(updateRepository(context, actor, repository, changesOf(call)), (changed) =>
    ok(renderFullRepository(context, actor, changed)),
  )
}

function transfer(call: WriteCall) {
  const { context, actor, repository } = call
  const body = bodyOf(call)
  const owner = context.store.users.byLogin(String(body.new_owner))
  const name = text(body.new_name)
  if (!owner)
    return refuse(422, 'Validation Failed', [{ resource: 'Repository', code: 'invalid', field: 'new_owner' }])
  const moved = transferRepository(context, actor, repository, { owner, ...(name && { name }) })
  return answer(moved, (row) => ({ status: 202, body: renderRepository(context, row) }))
}

function collaborator(call: RepositoryCall): User | undefined {
  return call.context.store.users.byLogin(call.params.username ?? '')
}

/** The four old words of GitHub: `maintain` counts as `write`, `triage` as `read`. */
function folded(role: Role | null): 'admin' | 'write' | 'read' | 'none' {
  if (role === null) return 'none'
  if (role === 'maintain') return 'write'
  return role === 'triage' ? 'read' : role
}

function getPermission(call: RepositoryCall) {
  const { actor, context, repository } = call
  if (!actor || (actor.kind === 'user' && !hasRole(actor, repository, 'write')))
    return refuse(403, 'Must have push access to view collaborator permission.')
  const user = collaborator(call)
  if (!user) return notFound()
  const role = roleOf({ kind: 'user', user }, repository)
  const has = (needed: Role) => hasRole({ kind: 'user', user }, repository, needed)
  return ok({
    permission: folded(role),
    role_name: role ?? 'none',
    user: {
      ...renderUser(context, user),
      role_name: role ?? 'none',
      permissions: {
        admin: has('admin'),
        maintain: has('maintain'),
        push: has('write'),
        triage: has('triage'),
        pull: has('read'),
      },
    },
  })
}

const roleWords: Readonly<Record<string, Role>> = {
  pull: 'read',
  triage: 'triage',
  push: 'write',
  maintain: 'maintain',
  admin: 'admin',
}

/** Invitations are not emulated: a person becomes a collaborator at once, which GitHub answers with 204, too. */
function addCollaborator(call: WriteCall) {
  const user = collaborator(call)
  if (!user) return notFound()
  const role = roleWords[text(bodyOf(call).permission) ?? 'push']
  if (!role)
    return refuse(422, 'Validation Failed', [
      { resource: 'Repository', code: 'invalid', field: 'permission' },
    ])
  return answer(setCollaborator(call.actor, call.repository, user, role), noContent)
}

function removeCollaborator(call: WriteCall) {
  const user = collaborator(call)
  const outcome: Outcome<null> = user ? setCollaborator(call.actor, call.repository, user, null) : notFound()
  return answer(outcome, noContent)
}

/** Repositories and who may do what in them. */
export const repositoriesArea: Area = {
  reads: {
    'repos/get': ({ context, actor, repository }) => ok(renderFullRepository(context, actor, repository)),
    'repos/get-collaborator-permission-level': getPermission,
  },
  writes: {
    'repos/update': update,
    'repos/transfer': transfer,
    'repos/delete': ({ context, actor, repository }) =>
      answer(deleteRepository(context, actor, repository), noContent),
    'repos/add-collaborator': addCollaborator,
    'repos/remove-collaborator': removeCollaborator,
  },
}
