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

/** `seconds`: how long it lives from when it is made. */
type NewInstallationToken = Omit<InstallationToken, 'kind'> & { seconds: number }

/** Of RS256 with a key of 2,048 bits. */
const signatureBytes = 256

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
  issueForInstallation(appId: number, token: NewInstallationToken): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const exp = Math.floor(token.expiresAt.getTime() / 1000)
    const claims = {
      iss: 'github.com',
      sub: `installation:${token.installationId}`,
      iat: exp - token.seconds,
      exp,
      jti: randomBytes(12).toString('hex'),
    }
    const header = part({ alg: 'RS256', typ: 'JWT' })
    const text = `ghs_${appId}_${header}.${part(claims)}.${randomBytes(signatureBytes).toString('base64url')}`
    const { seconds: _, ...kept } = token
    this.#tokens.set(text, { kind: 'installation', ...kept })
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
