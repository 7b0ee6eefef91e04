import { notFound } from '../actions/outcome.ts'
import { createRepository } from '../actions/repositories.ts'
import { renderFullRepository } from '../render/repository.ts'
import { renderProfile } from '../render/user.ts'
import { type Area, answer, bodyOf, created, ok, type SignedCall, text } from './call.ts'

function createOwn(call: SignedCall) {
  const { actor, context } = call
  const body = bodyOf(call)
  const name = String(body.name)
  const made = createRepository(context, {
    owner: actor.user,
    name,
    description: text(body.description) ?? null,
    private: body.private === true,
    ...(body.auto_init === true && { files: { 'README.md': `# ${name}\n` } }),
  })
  return answer(made, (repository) => created(renderFullRepository(context, actor, repository)))
}

/** Accounts, and the repositories that people make. */
export const usersArea: Area = {
  general: {
    'users/get-by-username': ({ context, params }) => {
      const user = context.store.users.byLogin(params.username ?? '')
      return user ? ok(renderProfile(context, user)) : notFound()
    },
    'rate-limit/get': ({ context, limitKey }) => {
      const core = context.counters.rate(limitKey)
      const other = { limit: 0, used: 0, remaining: 0, reset: core.reset }
      return ok({ resources: { core, search: other }, rate: core })
    },
  },
  signed: {
    'users/get-authenticated': ({ context, actor }) => ok(renderProfile(context, actor.user)),
    'repos/create-for-authenticated-user': createOwn,
  },
}
