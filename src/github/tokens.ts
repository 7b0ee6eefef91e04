import type { Clock } from '../runtime/clock.ts'
import { gitPermissions } from './operations.ts'

/** An installation token. Never logged, never stored outside this process. */
export type InstallationToken = { readonly token: string; readonly mintedAt: Date; readonly expiresAt: Date }

/** What a token is for: all of an installation, or git on one of its repositories. */
export type TokenScope = { readonly installationId: number; readonly gitRepositoryId?: number }

/** The body of the minting call; narrows the token as far as its purpose allows. */
export function narrowing(scope: TokenScope): {
  repository_ids?: number[]
  permissions?: typeof gitPermissions
} {
  if (scope.gitRepositoryId === undefined) return {}
  return { repository_ids: [scope.gitRepositoryId], permissions: gitPermissions }
}

export interface Tokens {
  /** A token with at least five minutes to live. Concurrent callers share one minting call. */
  get(scope: TokenScope): Promise<InstallationToken>
  /** GitHub no longer takes this token. */
  forget(scope: TokenScope, token: string): void
}

const RENEW_BEFORE_MS = 5 * 60_000

export function createTokens(mint: (scope: TokenScope) => Promise<InstallationToken>, clock: Clock): Tokens {
  const held = new Map<string, InstallationToken>()
  const minting = new Map<string, Promise<InstallationToken>>()
  const keyOf = (scope: TokenScope): string => `${scope.installationId}/${scope.gitRepositoryId ?? ''}`
  const fresh = (token: InstallationToken): boolean =>
    token.expiresAt.getTime() - clock.now().getTime() > RENEW_BEFORE_MS

  async function renew(key: string, scope: TokenScope): Promise<InstallationToken> {
    try {
      const token = await mint(scope)
      for (const [other, old] of held) if (!fresh(old)) held.delete(other)
      held.set(key, token)
      return token
    } finally {
      minting.delete(key)
    }
  }

  return {
    async get(scope) {
      const key = keyOf(scope)
      const token = held.get(key)
      if (token !== undefined && fresh(token)) return token
      const underWay = minting.get(key) ?? renew(key, scope)
      minting.set(key, underWay)
      return underWay
    },
    forget(scope, token) {
      const key = keyOf(scope)
      if (held.get(key)?.token === token) held.delete(key)
    },
  }
}
