import { setTimeout as pause } from 'node:timers/promises'
import { createAppAuth } from '@octokit/auth-app'
import type { RestEndpointMethodTypes } from '@octokit/rest'
import { z } from 'zod'
import type { Clock } from '../runtime/clock.ts'
import type { Answer } from './answer.ts'
import { GitHubError, isGitHubError } from './error.ts'
import { type OperationId, operations } from './operations.ts'
import { createTokens, type InstallationToken, narrowing, type TokenScope } from './tokens.ts'
import { createTransport, isRead, type Request, type TransportOptions } from './transport.ts'

export interface ClientOptions extends TransportOptions {
  appId: number
  /** PEM, PKCS#1 or PKCS#8. */
  privateKey: string
  clock: Clock
  /** Wait before the first repetition of a read, tripled for the second, with jitter. Default 200. */
  retryDelayMs?: number
}

/** Where a call goes: an installation, and the repository it is about, if any. */
export type Target = { readonly installationId: number; readonly repositoryId?: number }

type Camel<Text extends string> = Text extends `${infer Head}-${infer Rest}`
  ? `${Head}${Capitalize<Camel<Rest>>}`
  : Text
type Method<Id extends OperationId> =
  Id extends `${infer Family extends keyof RestEndpointMethodTypes}/${infer Name}`
    ? RestEndpointMethodTypes[Family][Camel<Name> & keyof RestEndpointMethodTypes[Family]]
    : never
type Known<Parameters> = {
  [Key in keyof Parameters as string extends Key
    ? never
    : Exclude<Key, 'headers' | 'request' | 'baseUrl' | 'mediaType'>]: Key extends 'delivery_id'
    ? string
    : Parameters[Key]
}
/** The parameters that Octokit knows of an operation; delivery ids are texts, they exceed safe numbers. */
export type Parameters<Id extends OperationId> = Method<Id> extends { parameters: infer P } ? Known<P> : never
type AppOperation = {
  [Id in OperationId]: (typeof operations)[Id]['as'] extends 'app' ? Id : never
}[OperationId]

/** The one way to GitHub. All of it throws GitHubError and nothing else for what GitHub or the network did. */
export interface Client {
  /** Calls as an installation of the app; the answer's body is checked by the schema. */
  call<Id extends Exclude<OperationId, AppOperation>, T>(
    target: Target,
    operationId: Id,
    parameters: Parameters<Id>,
    schema: z.ZodType<T>,
  ): Promise<T>
  /** Calls as the app itself. */
  callAsApp<Id extends AppOperation, T>(
    operationId: Id,
    parameters: Parameters<Id>,
    schema: z.ZodType<T>,
  ): Promise<T>
  /**
   * An installation token for git on one repository.
   * @param refused the one that GitHub has just not taken
   */
  gitToken(installationId: number, repositoryId: number, refused?: string): Promise<InstallationToken>
}

const MintedToken = z.object({ token: z.string().min(1), expires_at: z.iso.datetime({ offset: true }) })
const MINT = 'apps/create-installation-access-token'
const READ_ATTEMPTS = 3
/** GitHub may answer 401 for some seconds until a new token is known everywhere. */
const TOKEN_SETTLES_MS = 5_000

export function createClient(options: ClientOptions): Client {
  const { clock, retryDelayMs = 200 } = options
  const send = createTransport(options)
  const appAuth = createAppAuth({ appId: options.appId, privateKey: options.privateKey })

  function signed<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
    return repeating(request, retryDelayMs, async () => {
      const { token } = await appAuth({ type: 'app' })
      return read(request.operationId, await send(request, token), schema)
    })
  }

  const tokens = createTokens(async (scope) => {
    const { installationId } = scope
    const parameters = { installation_id: installationId, ...narrowing(scope) }
    const request = { operationId: MINT, installationId, repositoryId: null, parameters } as const
    const minted = await signed(request, MintedToken)
    return { token: minted.token, mintedAt: clock.now(), expiresAt: new Date(minted.expires_at) }
  }, clock)

  /** A token that GitHub does not take is waited for when it is new, else replaced. */
  async function replaced(scope: TokenScope, refused: string): Promise<InstallationToken> {
    const held = await tokens.get(scope)
    if (held.token !== refused) return held
    if (clock.now().getTime() - held.mintedAt.getTime() < TOKEN_SETTLES_MS) await pause(5 * retryDelayMs)
    else tokens.forget(scope, refused)
    return tokens.get(scope)
  }

  /** A token that GitHub does not take is replaced once. */
  async function authorized(request: Request, scope: TokenScope): Promise<Answer> {
    const first = await tokens.get(scope)
    try {
      return await send(request, first.token)
    } catch (error) {
      if (!isGitHubError(error, 'unauthorized')) throw error
      return send(request, (await replaced(scope, first.token)).token)
    }
  }

  return {
    async call({ installationId, repositoryId = null }, operationId, parameters, schema) {
      const request = { operationId, installationId, repositoryId, parameters }
      return repeating(request, retryDelayMs, async () => {
        return read(operationId, await authorized(request, { installationId }), schema)
      })
    },
    callAsApp: (operationId, parameters, schema) =>
      signed({ operationId, installationId: null, repositoryId: null, parameters }, schema),
    gitToken(installationId, repositoryId, refused) {
      const scope = { installationId, gitRepositoryId: repositoryId }
      return refused === undefined ? tokens.get(scope) : replaced(scope, refused)
    },
  }
}

/** Repeats a read whose server or network failed, at most twice; writes never. */
async function repeating<T>(request: Request, delayMs: number, attempt: () => Promise<T>): Promise<T> {
  for (let made = 1; ; made += 1) {
    try {
      return await attempt()
    } catch (error) {
      const again = isRead(request.operationId) && made < READ_ATTEMPTS && isGitHubError(error, 'unavailable')
      if (!again) throw error
      await pause(delayMs * 3 ** (made - 1) * (0.5 + Math.random()))
    }
  }
}

/** Checks a body. A created thing with an unreadable answer (cut off, a proxy's page) is an uncertain one. */
function read<T>(operationId: OperationId, answer: Answer, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(answer.data)
  if (parsed.success) return parsed.data
  const kind = operations[operationId].repeatable ? 'unavailable' : 'uncertain'
  const message = `GitHub's answer is not what it documents: ${z.prettifyError(parsed.error)}`
  throw new GitHubError(kind, operationId, message, { status: answer.status })
}
