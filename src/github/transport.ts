import { Octokit } from '@octokit/rest'
import { crashPoint } from '../runtime/crash-points.ts'
import type { Logger } from '../runtime/logger.ts'
import { type Answer, failureOf } from './answer.ts'
import { GitHubError } from './error.ts'
import type { Gate } from './limits.ts'
import { type OperationId, operations } from './operations.ts'
import { redirectingFetch } from './redirect.ts'

/** What is told of each request that was sent; `status` is null when no answer came. */
export interface CallRecord {
  operationId: OperationId
  installationId: number | null
  status: number | null
  ms: number
  createsContent: boolean
}

export interface TransportOptions {
  /** Base of the REST API, such as `https://api.github.com`. */
  apiUrl: string
  gate: Gate
  logger: Logger
  onCall?: (record: CallRecord) => void
  /** Default 10 s. */
  readTimeoutMs?: number
  /** Default 15 s. */
  writeTimeoutMs?: number
}

export type Request = {
  readonly operationId: OperationId
  /** Null for the app itself: whose limits the call counts against. */
  readonly installationId: number | null
  /** Redirects to any other repository are refused. */
  readonly repositoryId: number | null
  readonly parameters: object
}

/** True for operations that change nothing at GitHub. */
export function isRead(operationId: OperationId): boolean {
  return operations[operationId].route.startsWith('GET ')
}

/**
 * Sends one request once. Throws GitHubError for what GitHub or the network did, `rate_limited` without sending
 * while GitHub has asked for a pause.
 */
export type Transport = (request: Request, token: string) => Promise<Answer>

export function createTransport(options: TransportOptions): Transport {
  const octokit = createOctokit(options)
  const origin = new URL(options.apiUrl).origin
  const { gate, readTimeoutMs = 10_000, writeTimeoutMs = 15_000 } = options

  return async (request, token) => {
    const { operationId, installationId } = request
    await refuseWhileClosed(gate, request)
    const record = stopwatch(options, request)
    crashPoint('before', operationId)
    try {
      const { status, headers, data } = await octokit.request(operations[operationId].route, {
        ...request.parameters,
        headers: { authorization: `Bearer ${token}`, 'x-github-api-version': '2022-11-28' },
        request: {
          fetch: redirectingFetch(origin, request.repositoryId),
          signal: AbortSignal.timeout(isRead(operationId) ? readTimeoutMs : writeTimeoutMs),
        },
      })
      record(status)
      crashPoint('after', operationId)
      await gate.answered(installationId, headers)
      return { status, headers, data }
    } catch (error) {
      const failure = failureOf(error, operationId)
      if (failure === null) throw error
      record(failure.status)
      if (failure.kind === 'known') throw failure.error
      throw failure.limited(await gate.limited(installationId, failure.headers))
    }
  }
}

async function refuseWhileClosed(gate: Gate, { operationId, installationId }: Request): Promise<void> {
  const until = await gate.closedUntil(installationId)
  if (until === null) return
  throw new GitHubError('rate_limited', operationId, `GitHub asked to wait until ${until.toISOString()}`, {
    until,
  })
}

function stopwatch(
  { onCall }: TransportOptions,
  { operationId, installationId }: Request,
): (status: number | null) => void {
  const started = performance.now()
  const { createsContent } = operations[operationId]
  return (status) =>
    onCall?.({ operationId, installationId, status, ms: performance.now() - started, createsContent })
}

/** An Octokit that refuses whatever is not in the catalog, whoever calls it. */
export function createOctokit({ apiUrl, logger }: Pick<TransportOptions, 'apiUrl' | 'logger'>): Octokit {
  const log = {
    debug: (message: string) => logger.debug(message),
    info: (message: string) => logger.debug(message),
    warn: (message: string) => logger.warn(message),
    error: (message: string) => logger.debug(message),
  }
  const baseUrl = apiUrl.replace(/\/+$/, '')
  const octokit = new Octokit({ baseUrl, userAgent: 'mission-control', log, request: { log } })
  const routes = new Set<string>(Object.values(operations).map((operation) => operation.route))
  octokit.hook.before('request', ({ method, url }) => {
    if (!routes.has(`${method} ${url}`))
      throw new Error(`${method} ${url} is not in src/github/operations.ts`)
  })
  return octokit
}
