import { randomBytes } from 'node:crypto'
import type { Permissions } from './installation.ts'

export interface InstallationToken {
  kind: 'installation'
  installationId: number
  permissions: Permissions
  /** `null`: all repositories of the installation. */
  repositoryIds: ReadonlySet<number> | null
  expiresAt: Date
}

interface UserToken {
  kind: 'user'
  userId: number
}

export type Token = InstallationToken | UserToken

/** Access tokens by their secret text. */
export class Tokens {
  readonly #tokens = new Map<string, Token>()

  issueForUser(userId: number): string {
    const text = `ghp_${randomBytes(27).toString('base64url').replace(/[-_]/g, 'x')}`
    this.#tokens.set(text, { kind: 'user', userId })
    return text
  }

  /** `ghs_<app>_<jwt>` of about 520 characters: code that expects 40 characters fails here first. */
  issueForInstallation(appId: number, token: Omit<InstallationToken, 'kind'>): string {
    const header = Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url')
    const claims = Buffer.from(
      JSON.stringify({ sub: token.installationId, exp: Math.floor(token.expiresAt.getTime() / 1000) }),
    ).toString('base64url')
    const text = `ghs_${appId}_${header}.${claims}.${randomBytes(300).toString('base64url')}`
    this.#tokens.set(text, { kind: 'installation', ...token })
    return text
  }

  find(text: string): Token | undefined {
    return this.#tokens.get(text)
  }

  revokeInstallation(installationId: number): void {
    this.#revoke((token) => token.kind === 'installation' && token.installationId === installationId)
  }

  /** Makes every installation token invalid at once, as if its hour were over. */
  expireInstallationTokens(at: Date): void {
    for (const [text, token] of this.#tokens)
      if (token.kind === 'installation') this.#tokens.set(text, { ...token, expiresAt: at })
  }

  #revoke(match: (token: Token) => boolean): void {
    for (const [text, token] of this.#tokens) if (match(token)) this.#tokens.delete(text)
  }
}
