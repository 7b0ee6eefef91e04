import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Mirrors } from '../../git/mirror.ts'
import { ProtocolError } from '../../git/pkt-line.ts'
import { RemoteError } from '../../git/remote.ts'
import { say } from './answer.ts'
import { BodyError } from './body.ts'
import { readableRepository } from './branch-state.ts'
import { advertiseFetch, serveFetch } from './fetch.ts'
import { defaultLimits, type GatewayLimits, type GatewayLogger, type GitGatewayPort } from './port.ts'
import { advertisePush, type PushContext, receivePush, refusePush } from './push.ts'
import { type GitRoute, routeOf, tokenOf } from './request.ts'
import { createTurnstile, createTurnstiles } from './turnstile.ts'

export interface GitGatewayOptions {
  port: GitGatewayPort
  mirrors: Mirrors
  logger: GatewayLogger
  limits?: Partial<GatewayLimits>
}

/**
 * Handles one request; answers false, without touching it, when its path is not under `/git/`. Never throws: what goes
 * wrong is answered and logged. `expectContinue`: the client waits for "100 Continue" (Node's `checkContinue`).
 */
export type GitGateway = (
  req: IncomingMessage,
  res: ServerResponse,
  expectContinue?: boolean,
) => Promise<boolean>

/**
 * Serves git over HTTP to sessions: fetches from the mirror, pushes to one branch through quarantine and checks. The
 * server around it should set `requestTimeout: 0`: Node's default ends an upload after five minutes.
 */
export function createGitGateway(options: GitGatewayOptions): GitGateway {
  const limits = { ...defaultLimits, ...options.limits }
  const gates = {
    'git-upload-pack': createTurnstile(limits.concurrentFetches),
    'git-receive-pack': createTurnstile(limits.concurrentPushes),
  }
  const turn = createTurnstiles(1)
  return async (req, res, expectContinue = false) => {
    const route = routeOf(req.method ?? '', req.url ?? '')
    if (route === undefined) return false
    const timer = setTimeout(() => res.destroy(), limits.requestMs)
    res.once('close', () => clearTimeout(timer))
    // A write that a departed client does not get is no failure of ours; without a listener it would end the process.
    res.on('error', () => undefined)
    try {
      req.socket.setTimeout(limits.idleMs)
      if (route === null) say(res, 404, 'There is no such repository address.', { connection: 'close' })
      else
        await handle({ ...options, limits, turn }, gates[route.service], route, { req, res, expectContinue })
    } catch (error) {
      answerError(options.logger, error, req, res)
    }
    return true
  }
}

type Shared = Pick<PushContext, 'port' | 'mirrors' | 'logger' | 'limits' | 'turn'>
interface Exchange {
  req: IncomingMessage
  res: ServerResponse
  expectContinue: boolean
}

async function handle(
  shared: Shared,
  gate: ReturnType<typeof createTurnstile>,
  route: GitRoute,
  exchange: Exchange,
): Promise<void> {
  const { req, res } = exchange
  const { owner, repo } = route
  const token = tokenOf(req)
  const session = token === null ? null : await shared.port.authorize(token, owner, repo)
  if (token === null || session === null) {
    await refuseStranger(shared, route, exchange, token)
    return
  }
  const leave = await gate.enter(shared.limits.queueMs)
  if (leave === null) {
    say(res, 503, 'Mission Control: too many transfers at once; try again in a minute.', {
      'retry-after': '60',
    })
    return
  }
  try {
    await serve({ ...shared, token, owner, repo, session }, route, exchange)
  } finally {
    leave()
  }
}

async function refuseStranger(
  { limits }: Shared,
  { service, step }: GitRoute,
  { req, res, expectContinue }: Exchange,
  token: string | null,
): Promise<void> {
  if (token !== null && service === 'git-receive-pack' && step === 'rpc') {
    if (expectContinue) res.writeContinue()
    await refusePush(req, res, limits.strangerBytes)
    return
  }
  if (token === null) {
    const challenge = { 'www-authenticate': 'Basic realm="Mission Control"', connection: 'close' }
    say(res, 401, 'Mission Control: give the session token as the password.', challenge)
    return
  }
  // not 401: a git that sends the token as a header would ask for a user name instead of printing this
  const sentence = 'Mission Control: this session token is unknown, or its session has ended.'
  say(res, 403, sentence, { connection: 'close' })
}

async function serve(context: PushContext, { service, step }: GitRoute, exchange: Exchange): Promise<void> {
  const { req, res, expectContinue } = exchange
  const { port, mirrors, session, limits } = context
  if (step === 'refs') await port.refresh(session)
  else if (req.headers['content-type'] !== `application/x-${service}-request`) {
    say(res, 415, 'Mission Control: the content type is not supported.', { connection: 'close' })
    return
  }
  if (expectContinue) res.writeContinue()
  if (service === 'git-receive-pack') {
    await (step === 'refs' ? advertisePush(context, res) : receivePush(context, req, res))
    return
  }
  const repository = await readableRepository(port, mirrors.mirror(session.projectId), session)
  if (step === 'refs') await advertiseFetch(mirrors.git, repository, req, res)
  else await serveFetch(mirrors.git, repository, req, res, limits.fetchRequestBytes)
}

const CLIENT_GONE = new Set([
  'ECONNRESET',
  'ERR_STREAM_PREMATURE_CLOSE',
  'EPIPE',
  'ABORT_ERR',
  'ERR_STREAM_DESTROYED',
])

function answerError(logger: GatewayLogger, error: unknown, req: IncomingMessage, res: ServerResponse): void {
  const code = (error as NodeJS.ErrnoException).code
  if (res.destroyed || res.socket?.destroyed !== false || (code !== undefined && CLIENT_GONE.has(code))) {
    logger.info({ code, path: req.url }, 'a git client went away')
    res.destroy()
  } else if (error instanceof BodyError) {
    say(res, error.status, `Mission Control: ${error.message}`, { connection: 'close' })
  } else if (error instanceof ProtocolError) {
    say(res, 400, `Mission Control: this is not a push: ${error.message}.`, { connection: 'close' })
  } else if (error instanceof RemoteError) {
    logger.warn({ reason: error.reason, message: error.message }, 'GitHub could not be read for a git client')
    say(res, 502, `Mission Control: GitHub could not be read (${error.reason}).`)
  } else {
    logger.error({ err: error, path: req.url }, 'the git gateway failed')
    say(res, 500, 'Mission Control: something went wrong here; try again.')
  }
}
