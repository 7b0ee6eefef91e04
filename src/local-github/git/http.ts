import type { IncomingMessage, ServerResponse } from 'node:http'
import { type BackendAnswer, runBackend } from './backend.ts'
import type { GitHost } from './host.ts'
import { isFullName } from './names.ts'
import { openPushRecord, type PushRecord, type RefUpdate } from './push.ts'
import { withReasons } from './report.ts'

export interface GitAuthorizationRequest {
  token: string | null
  user: string | null
  fullName: string
  write: boolean
}

/**
 * `fullName` of a 200 is the repository's real spelling. A 301 names the repository's address now, as a path
 * or URL without what git appends (`/new-owner/name.git`).
 */
export type GitVerdict =
  | {
      status: 200
      actor: string
      mayWriteWorkflows: boolean
      fullName: string
      protectedBranches?: readonly string[]
      /** Protected branches that this push may not move at all. */
      pullOnlyBranches?: readonly string[]
    }
  | { status: 401 | 403 | 404; location?: string; message?: string }
  | { status: 301; location?: string }

export interface PushEvent {
  fullName: string
  actor: string
  updates: RefUpdate[]
}

export interface GitRequestRecord {
  method: string
  path: string
  fullName: string
  service: 'upload-pack' | 'receive-pack'
  actor: string | null
  status: number
  durationMs: number
}

export interface GitHttpOptions {
  host: GitHost
  authorize(request: GitAuthorizationRequest): Promise<GitVerdict>
  /** Called before the client has its answer, with the refs that really moved, even when the client is gone. */
  onPush(event: PushEvent): void
  onRequest?(record: GitRequestRecord): void
  /** Where a failure of this side goes; the client gets a 500. */
  onError?(error: unknown): void
}

interface GitPath {
  fullName: string
  action: string
  service: 'upload-pack' | 'receive-pack' | null
  query: string
}

/** Git smart HTTP for every repository of a host. Answers false, having touched nothing, for other paths. */
export function gitHttpHandler(
  options: GitHttpOptions,
): (req: IncomingMessage, res: ServerResponse) => boolean {
  return (req, res) => {
    const target = parsePath(req.url ?? '')
    if (!target) return false
    serve(options, req, res, target).catch((error: unknown) => {
      options.onError?.(error)
      if (!res.headersSent) refuse(req, res, 500, 'Internal error.')
      else res.destroy()
    })
    return true
  }
}

const GIT_PATH = /^\/([^/]+\/[^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/

function parsePath(url: string): GitPath | null {
  const mark = url.indexOf('?')
  const query = mark < 0 ? '' : url.slice(mark + 1)
  const [, fullName, action] = GIT_PATH.exec(mark < 0 ? url : url.slice(0, mark)) ?? []
  if (!fullName || !action || !isFullName(fullName)) return null
  const name = action === 'info/refs' ? new URLSearchParams(query).get('service') : action
  const service =
    name === 'git-upload-pack' ? 'upload-pack' : name === 'git-receive-pack' ? 'receive-pack' : null
  return { fullName, action, service, query }
}

async function serve(
  options: GitHttpOptions,
  req: IncomingMessage,
  res: ServerResponse,
  target: GitPath,
): Promise<void> {
  const { service, fullName } = target
  if (req.method !== (target.action === 'info/refs' ? 'GET' : 'POST'))
    return refuse(req, res, 405, 'Method not allowed.')
  if (service === null) return refuse(req, res, 403, 'Please upgrade your git client.')
  const startedAt = performance.now()
  const verdict = await options.authorize({
    ...credentials(req),
    fullName,
    write: service === 'receive-pack',
  })
  res.once('close', () =>
    options.onRequest?.({
      method: req.method ?? '',
      path: req.url ?? '',
      fullName,
      service,
      actor: verdict.status === 200 ? verdict.actor : null,
      status: res.statusCode,
      durationMs: performance.now() - startedAt,
    }),
  )
  if (verdict.status === 301) return redirect(req, res, target, verdict.location)
  if (verdict.status !== 200)
    return refuse(req, res, verdict.status, verdict.message ?? SENTENCES[verdict.status])
  if (target.action === 'git-receive-pack') return receive(options, req, res, target, verdict)
  await stream(options, req, res, target, verdict)
}

const SENTENCES = {
  401: 'Invalid username or token. Password authentication is not supported for Git operations.',
  403: 'Write access to repository not granted.',
  404: 'Repository not found.',
} as const

/** Plain text, because git prints the body of a refusal to its user only then. */
function refuse(req: IncomingMessage, res: ServerResponse, status: number, sentence: string): void {
  req.resume()
  res.statusCode = status
  if (status === 401) res.setHeader('www-authenticate', 'Basic realm="GitHub"')
  res.setHeader('content-type', 'text/plain; charset=utf-8')
  res.end(`${sentence}\n`)
}

function redirect(
  req: IncomingMessage,
  res: ServerResponse,
  target: GitPath,
  location: string | undefined,
): void {
  if (location === undefined) throw new Error('a 301 verdict without a location')
  req.resume()
  const query = target.query === '' ? '' : `?${target.query}`
  res.writeHead(301, { location: `${location.replace(/\/$/, '')}/${target.action}${query}` }).end()
}

function credentials(req: IncomingMessage): { token: string | null; user: string | null } {
  const [scheme = '', value = ''] = (req.headers.authorization ?? '').split(' ')
  if (/^(bearer|token)$/i.test(scheme)) return { token: value || null, user: null }
  if (!/^basic$/i.test(scheme)) return { token: null, user: null }
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return { token: null, user: text || null }
  return { user: text.slice(0, colon) || null, token: text.slice(colon + 1) || null }
}

type Granted = Extract<GitVerdict, { status: 200 }>

function backendRequest(
  options: GitHttpOptions,
  target: GitPath,
  verdict: Granted,
  env: Record<string, string>,
) {
  const { root, searchPath } = options.host
  const { fullName, actor } = verdict
  return { root, searchPath, fullName, actor, action: target.action, query: target.query, env }
}

async function stream(
  options: GitHttpOptions,
  req: IncomingMessage,
  res: ServerResponse,
  target: GitPath,
  verdict: Granted,
): Promise<void> {
  const end = await runBackend(req, res, backendRequest(options, target, verdict, {}), {
    onHead: ({ status, headers }) => void res.writeHead(status, headers),
    onData: (chunk) => res.write(chunk),
    onResume: (resume) => void res.once('drain', resume),
  })
  if (end === 'abandoned') return
  if (!res.headersSent && hasLeft(req, res)) return
  if (!res.headersSent) throw new Error('git http-backend gave no answer')
  res.end()
}

/** The child of a client that was cut off in the middle of its request may be gone before that client's close is told. */
function hasLeft(req: IncomingMessage, res: ServerResponse): boolean {
  return res.destroyed || (req.destroyed && !req.complete)
}

/** A push. Its answer is a short report, held back until the hooks' record is read. */
async function receive(
  options: GitHttpOptions,
  req: IncomingMessage,
  res: ServerResponse,
  target: GitPath,
  verdict: Granted,
): Promise<void> {
  const { mayWriteWorkflows, protectedBranches = [], pullOnlyBranches = [] } = verdict
  const rules = { mayWriteWorkflows, protectedBranches, pullOnlyBranches }
  const record = await openPushRecord(options.host.root, rules)
  const answer: { head?: BackendAnswer; body: Buffer[] } = { body: [] }
  let reasons: ReadonlyMap<string, string>
  try {
    const end = await runBackend(req, res, backendRequest(options, target, verdict, record.env), {
      onHead: (head) => {
        answer.head = head
      },
      onData: (chunk) => answer.body.push(chunk) > 0,
      onResume: (resume) => resume(),
    })
    await announce(options, verdict, record)
    if (end === 'abandoned') return
    reasons = await record.refused()
  } finally {
    await record.dispose()
  }
  if (!answer.head && hasLeft(req, res)) return
  if (!answer.head) throw new Error('git http-backend gave no answer')
  const body = Buffer.concat(answer.body)
  res.writeHead(answer.head.status, answer.head.headers)
  res.end(reasons.size === 0 ? body : withReasons(body, reasons))
}

async function announce(options: GitHttpOptions, verdict: Granted, record: PushRecord): Promise<void> {
  const updates = await record.moved()
  if (updates.length > 0) options.onPush({ fullName: verdict.fullName, actor: verdict.actor, updates })
}
