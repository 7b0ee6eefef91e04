import type { KeyObject } from 'node:crypto'
import { type Refusal, refuse } from '../actions/outcome.ts'
import type { LocalGitHubContext } from '../context.ts'
import type { Actor } from './actor.ts'
import { appJwtProblem, looksLikeJwt } from './app-jwt.ts'

export type Caller = { kind: 'app' } | { kind: 'actor'; actor: Actor } | { kind: 'anonymous' }

const badCredentials = (): Refusal => refuse(401, 'Bad credentials')

/** The secret of an `Authorization` header: `Bearer`, `token`, or the password of `Basic`. */
function secretOf(header: string | undefined): string | null {
  const [, scheme = '', value = ''] = /^(\S+)\s+(.+)$/.exec(header ?? '') ?? []
  switch (scheme.toLowerCase()) {
    case 'bearer':
    case 'token':
      return value.trim()
    case 'basic': {
      const text = Buffer.from(value, 'base64').toString('utf8')
      return text.slice(text.indexOf(':') + 1)
    }
    default:
      return header ? '' : null
  }
}

/** Who a user or installation token stands for; a refusal when it is unknown, expired or suspended. */
export function actorOfToken(context: LocalGitHubContext, secret: string): Actor | Refusal {
  const { store } = context
  const token = store.tokens.find(secret)
  if (!token) return badCredentials()
  if (token.kind === 'user') return { kind: 'user', user: store.users.require(token.userId) }
  const installation = store.installations.byId(token.installationId)
  if (!installation || token.expiresAt.getTime() <= context.now().getTime()) return badCredentials()
  if (installation.suspendedAt) return refuse(403, 'This installation has been suspended')
  const { permissions, repositoryIds } = token
  return { kind: 'installation', user: context.app.bot, installation, permissions, repositoryIds }
}

/** Who calls the API. */
export function authenticate(
  context: LocalGitHubContext,
  publicKey: KeyObject,
  header: string | undefined,
): Caller | Refusal {
  const secret = secretOf(header)
  if (secret === null) return { kind: 'anonymous' }
  if (looksLikeJwt(secret) && !secret.startsWith('ghs_'))
    return appJwtProblem(secret, context.app, publicKey, context.now()) ?? { kind: 'app' }
  const actor = actorOfToken(context, secret)
  return 'kind' in actor ? { kind: 'actor', actor } : actor
}
