import { spawn } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gitEnvironment } from './run.ts'

export interface BackendRequest {
  root: string
  searchPath: string
  fullName: string
  action: string
  query: string
  actor: string
  env: Record<string, string>
}

export interface BackendAnswer {
  status: number
  headers: Record<string, string>
}

export interface BackendSink {
  /** Status and headers, once. */
  onHead(answer: BackendAnswer): void
  /** A piece of the body; false holds the next one back until `resume` is called. */
  onData(chunk: Buffer): boolean
  onResume(resume: () => void): void
}

/**
 * Runs `git http-backend` for one request and answers when the child is gone: `answered`, or `abandoned` when
 * the client went away first. The child is ended then, except when it has a whole push already: its refs may
 * move, and that has to be known.
 */
export function runBackend(
  req: IncomingMessage,
  res: ServerResponse,
  request: BackendRequest,
  sink: BackendSink,
): Promise<'answered' | 'abandoned'> {
  // The close event of a client that left while its token was looked up has passed already.
  if (res.destroyed) return Promise.resolve('abandoned')
  return new Promise((resolve, reject) => {
    const env = cgiEnvironment(req, request)
    const child = spawn('git', ['http-backend'], { env, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] })
    const reader = headReader(sink)
    let isGone = false
    const abandon = () => {
      isGone = true
      if (request.action === 'git-receive-pack' && req.complete) return
      child.kill()
      // Nobody reads it any more, and unread output would keep the child from being closed.
      child.stdout.destroy()
    }
    res.once('close', abandon)
    // A backend that refuses early closes its stdin; its answer says why.
    child.stdin.on('error', () => req.resume())
    req.pipe(child.stdin)
    child.stdout.on('data', (chunk: Buffer) => {
      if (reader(chunk)) return
      child.stdout.pause()
      sink.onResume(() => child.stdout.resume())
    })
    child.on('error', reject)
    child.on('close', () => {
      res.off('close', abandon)
      resolve(isGone ? 'abandoned' : 'answered')
    })
  })
}

/** Splits the CGI answer into its head and its body. */
function headReader(sink: Pick<BackendSink, 'onHead' | 'onData'>) {
  let head: Buffer | null = Buffer.alloc(0)
  return (chunk: Buffer): boolean => {
    if (head === null) return sink.onData(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return true
    sink.onHead(parseHead(head.subarray(0, end).toString('latin1')))
    const rest = head.subarray(end + 4)
    head = null
    return rest.length === 0 || sink.onData(rest)
  }
}

function parseHead(text: string): BackendAnswer {
  const headers: Record<string, string> = {}
  let status = 200
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (name === 'status') status = Number.parseInt(value, 10)
    else headers[name] = value
  }
  return { status, headers }
}

/**
 * The length of the body is left out on purpose: git 2.39 spins for ever when a body of a known length ends
 * early, and reads to its end when it knows none.
 */
function cgiEnvironment(req: IncomingMessage, request: BackendRequest): Record<string, string> {
  const header = (name: string) => {
    const value = req.headers[name]
    return typeof value === 'string' ? value : undefined
  }
  const optional = {
    HTTP_CONTENT_ENCODING: header('content-encoding'),
    GIT_PROTOCOL: header('git-protocol'),
  }
  return {
    ...gitEnvironment(request.searchPath),
    GIT_PROJECT_ROOT: request.root,
    GIT_HTTP_EXPORT_ALL: '1',
    REQUEST_METHOD: req.method ?? 'GET',
    PATH_INFO: `/${request.fullName}.git/${request.action}`,
    QUERY_STRING: request.query,
    CONTENT_TYPE: header('content-type') ?? '',
    REMOTE_USER: request.actor,
    REMOTE_ADDR: req.socket.remoteAddress ?? '',
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    ...request.env,
  }
}
