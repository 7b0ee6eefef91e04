import type { Client } from './client.ts'
import type { RepositoryRef } from './repository-ref.ts'

/** How to fetch from and push to a repository: HTTP Basic, user `x-access-token`, password the token. */
export interface GitCredentials {
  readonly url: string
  readonly username: 'x-access-token'
  readonly token: string
  readonly expiresAt: Date
  /** Another token, when GitHub does not take this one any more: it can end before its time. */
  renew(): Promise<string>
}

export interface Credentials {
  /** For git on this repository and nothing else; lives for at least five more minutes. */
  forGit(repository: RepositoryRef): Promise<GitCredentials>
}

/** @param gitUrl where repositories are cloned from, such as `https://github.com` */
export function createCredentials(client: Client, gitUrl: string): Credentials {
  const base = gitUrl.replace(/\/+$/, '')
  return {
    async forGit({ installationId, owner, name, repositoryId }) {
      const { token, expiresAt } = await client.gitToken(installationId, repositoryId)
      const url = `${base}/${encodeURIComponent(owner)}/${encodeURIComponent(name)}.git`
      return {
        url,
        username: 'x-access-token',
        token,
        expiresAt,
        renew: async () => (await client.gitToken(installationId, repositoryId, token)).token,
      }
    },
  }
}
