import type { KeyObject } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { oneAtATime } from './actions/one-at-a-time.ts'
import { recordPush } from './actions/pushes.ts'
import type { Background } from './background.ts'
import type { Faults } from './faults.ts'
import { serveFaults } from './faults-door.ts'
import { gitHttpHandler, type PushEvent } from './git/http.ts'
import { authorizeGit, cutAnswer } from './git-door.ts'
import { createPages } from './pages/index.ts'
import { type RequestRecord, remember } from './requests.ts'
import type { RestContext } from './rest/call.ts'
import { serveRest } from './rest/door.ts'
import { notEmulated } from './rest/refusals.ts'
import { apiBase } from './rest/renamed.ts'
import { strike } from './rest/strike.ts'
import { writeAnswer } from './rest/write.ts'

export interface DispatchOptions {
  context: RestContext
  publicKey: KeyObject
  faults: Faults
  requests: RequestRecord[]
  adminToken: string
  background: Background
  checkResponses: boolean
}

/** Which part serves a request: the API, the faults, git or the pages. */
export function createDispatch(options: DispatchOptions): RequestListener {
  const { adminToken, background, context, faults } = options
  const git = createGit(options)
  const pages = createPages(context)
  const door = { ...options, onError: (error: unknown) => background.report(error) }
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '/'
    if (path.startsWith(`${apiBase}/`)) return serveRest(door, request, response)
    if (path === '/api/graphql') {
      request.resume()
      return writeAnswer(response, notEmulated('graphql'), {})
    }
    if (path === '/_local/faults') return serveFaults(faults, adminToken, request, response)
    if (isGit(path)) {
      const fault = faults.takeRequest('git', path)
      if (fault && fault.when !== 'after') return strike(fault, request, response, {})
      if (fault) cutAnswer(response)
      if (git(request, response)) return
    }
    if (await pages(request, response)) return
    request.resume()
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('Not Found\n')
  }
  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      const isGone = request.destroyed && !request.complete
      if (!isGone) background.report(error)
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end('Server Error\n')
    })
  }
}

function isGit(path: string): boolean {
  return /^\/[^/]+\/[^/]+\/(info\/refs|git-upload-pack|git-receive-pack)(\?|$)/.test(path)
}

function createGit({ background, context, requests }: DispatchOptions) {
  return gitHttpHandler({
    host: context.git,
    authorize: async (request) => authorizeGit(context, request),
    onPush: (event) => background.run(follow(context, event)),
    onRequest: (record) =>
      remember(requests, {
        method: record.method,
        path: record.path,
        operationId: 'git',
        actor: actorWord(context, record.actor),
        login: record.actor,
        status: record.status,
        at: context.now(),
        contentCreating: false,
        durationMs: record.durationMs,
      }),
    onError: (error) => background.report(error),
  })
}

function actorWord(context: RestContext, login: string | null): RequestRecord['actor'] {
  if (login === null || login === 'anonymous') return 'anonymous'
  return login === context.app.bot.login ? 'installation' : 'user'
}

async function follow(context: RestContext, event: PushEvent): Promise<void> {
  const { repositories, users } = context.store
  const repository = repositories.byFullName(event.fullName)
  const pusher = users.byLogin(event.actor)
  if (!repository || !pusher) throw new Error(`A push to ${event.fullName} by ${event.actor} has no home.`)
  await oneAtATime(repository, () => recordPush(context, pusher, repository, event.updates))
}
