import { z } from 'zod'
import type { Client } from './client.ts'
import { nullWhenAbsent } from './error.ts'

export interface AppIdentity {
  readonly appId: number
  readonly slug: string
  readonly name: string
  /** The login of the app's bot account; people cannot have one with brackets. */
  readonly botLogin: string
}

export interface Installation {
  readonly id: number
  readonly accountId: number
  readonly accountLogin: string
  readonly suspended: boolean
  /** `{issues: 'write', ...}`: what the owner has granted, which may be less than app.yml asks for. */
  readonly permissions: Readonly<Record<string, string>>
}

/** A GitHub account: a person, a bot or an organization. */
export interface Account {
  readonly id: number
  readonly login: string
  readonly type: string
}

const AppAnswer = z.object({ id: z.int(), slug: z.string(), name: z.string() })
const InstallationAnswer = z
  .object({
    id: z.int(),
    account: z.object({ id: z.int(), login: z.string() }),
    suspended_at: z.string().nullish(),
    permissions: z.record(z.string(), z.string()),
  })
  .transform(
    (answer): Installation => ({
      id: answer.id,
      accountId: answer.account.id,
      accountLogin: answer.account.login,
      suspended: Boolean(answer.suspended_at),
      permissions: answer.permissions,
    }),
  )
const AccountAnswer = z.object({ id: z.int(), login: z.string(), type: z.string() })

export interface App {
  /** Who we are at GitHub; asked once. */
  identity(): Promise<AppIdentity>
  /** The app's bot account: the sender of the events that we cause ourselves. Asked once. */
  bot(installationId: number): Promise<Account>
  /** The installation that covers a repository, or null when the app is not installed there. */
  installationOf(owner: string, name: string): Promise<Installation | null>
  /** The account that has this login now, or null. Logins are recycled: keep the id. */
  account(installationId: number, login: string): Promise<Account | null>
}

export function createApp(client: Client): App {
  let identity: AppIdentity | null = null
  let bot: Account | null = null

  const app: App = {
    async identity() {
      identity ??= await client.callAsApp(
        'apps/get-authenticated',
        {},
        AppAnswer.transform((answer) => ({
          appId: answer.id,
          slug: answer.slug,
          name: answer.name,
          botLogin: `${answer.slug}[bot]`,
        })),
      )
      return identity
    },
    async bot(installationId) {
      const username = (await app.identity()).botLogin
      bot ??= await client.call({ installationId }, 'users/get-by-username', { username }, AccountAnswer)
      return bot
    },
    installationOf: (owner, repo) =>
      nullWhenAbsent(client.callAsApp('apps/get-repo-installation', { owner, repo }, InstallationAnswer)),
    account: (installationId, username) =>
      nullWhenAbsent(client.call({ installationId }, 'users/get-by-username', { username }, AccountAnswer)),
  }
  return app
}
