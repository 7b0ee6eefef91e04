import { notFound, type Refusal, refuse } from '../actions/outcome.ts'
import { createRef, deleteRef, updateRef } from '../actions/refs.ts'
import { renderCommit } from '../render/commit.ts'
import { repositoryApiUrl, repositoryUrl } from '../render/repository.ts'
import { nodeId } from '../store/table.ts'
import {
  type Answer,
  type Area,
  answer,
  bodyOf,
  created,
  noContent,
  ok,
  type RepositoryCall,
  type WriteCall,
} from './call.ts'
import { paged } from './paging.ts'

function renderRef(call: RepositoryCall, ref: string, sha: string) {
  const api = repositoryApiUrl(call.context, call.repository)
  return {
    ref,
    node_id: nodeId('REF', call.repository.id),
    url: `${api}/git/${ref}`,
    object: { sha, type: 'commit', url: `${api}/git/commits/${sha}` },
  }
}

const refOf = (call: RepositoryCall) => `refs/${call.params.ref ?? ''}`
const nameOf = (call: RepositoryCall) => call.context.store.repositories.fullName(call.repository)

async function getRef(call: RepositoryCall): Promise<Answer | Refusal> {
  const { git } = call.context
  const sha = await git.resolve(nameOf(call), refOf(call))
  if (sha !== null) return ok(renderRef(call, refOf(call), sha))
  const isEmpty = (await git.branches(nameOf(call))).length === 0
  return isEmpty ? refuse(409, 'Git Repository is empty.') : notFound()
}

function create(call: WriteCall) {
  const { ref, sha } = bodyOf(call) as { ref: string; sha: string }
  return answer(createRef(call.context, call.actor, call.repository, { ref, sha }), (made) =>
    created(renderRef(call, made.ref, made.sha)),
  )
}

function update(call: WriteCall) {
  const { sha, force = false } = bodyOf(call) as { sha: string; force?: boolean }
  const moved = updateRef(call.context, call.actor, call.repository, { ref: refOf(call), sha, force })
  return answer(moved, (made) => ok(renderRef(call, made.ref, made.sha)))
}

async function getBranch(call: RepositoryCall): Promise<Answer | Refusal> {
  const { context, params, repository } = call
  const name = params.branch ?? ''
  const sha = await context.git.branch(nameOf(call), name)
  const commit = sha === null ? null : await context.git.commit(nameOf(call), sha)
  if (!commit) return refuse(404, 'Branch not found')
  const self = `${repositoryApiUrl(context, repository)}/branches/${encodeURIComponent(name)}`
  return ok({
    name,
    commit: renderCommit(context, repository, commit),
    _links: { self, html: `${repositoryUrl(context, repository)}/tree/${name}` },
    protected: repository.protection.has(name),
    protection: {
      enabled: repository.protection.has(name),
      required_status_checks: { enforcement_level: 'off', contexts: [], checks: [] },
    },
    protection_url: `${self}/protection`,
  })
}

async function listBranches(call: RepositoryCall): Promise<Answer> {
  const branches = await call.context.git.branches(nameOf(call))
  const isProtected = (name: string) => call.repository.protection.has(name)
  const { protected: wanted } = call.query
  const rows = branches.filter(({ name }) => wanted === undefined || isProtected(name) === wanted)
  const api = repositoryApiUrl(call.context, call.repository)
  return paged(call, rows, ({ name, sha }) => ({
    name,
    commit: { sha, url: `${api}/commits/${sha}` },
    protected: isProtected(name),
  }))
}

/** Branches and refs. */
export const refsArea: Area = {
  reads: {
    'git/get-ref': getRef,
    'repos/get-branch': getBranch,
    'repos/list-branches': listBranches,
  },
  writes: {
    'git/create-ref': create,
    'git/update-ref': update,
    'git/delete-ref': (call) =>
      answer(deleteRef(call.context, call.actor, call.repository, refOf(call)), noContent),
  },
}
