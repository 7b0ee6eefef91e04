import { execFileSync, spawn } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { git, temporaryDirectory } from './git-client.ts'

/** Plays GitHub: real repositories over HTTP, opened by one token. */
export interface GitHost {
  url: string
  token: string
  /** The bare repositories on disk. */
  root: string
  /** All `Authorization` headers that arrived. */
  authorizations: string[]
  remote(name?: string): { url: string; token: string }
  repository(name?: string): string
  /** Takes over a request; answering true means that it was answered. */
  intercept: (req: IncomingMessage, res: ServerResponse) => boolean
  /** Refuses all pushes of a repository with a message, as GitHub's own checks do. */
  refusePushes(sentence: string): Promise<void>
  head(branch: string): Promise<string>
  stop(): Promise<void>
}

const NAME = 'acme/app'

/** @param seed what the repository holds, for git fast-import */
export async function startGitHost(seed = ''): Promise<GitHost> {
  const { path: root, remove } = await temporaryDirectory()
  const server = createServer()
  const token = 'ghs_host.token-of-the-app_0123456789'
  const host: GitHost = {
    url: '',
    token,
    root,
    authorizations: [],
    remote: (name = NAME) => ({ url: `${host.url}/${name}.git`, token }),
    repository: (name = NAME) => join(root, `${name}.git`),
    intercept: () => false,
    refusePushes: async (sentence) => {
      const hook = join(host.repository(), 'hooks', 'update')
      await mkdir(join(host.repository(), 'hooks'), { recursive: true })
      await writeFile(hook, `#!/bin/sh\necho "${sentence}" >&2\nexit 1\n`)
      await chmod(hook, 0o755)
    },
    head: (branch) => git(host.repository(), 'rev-parse', `refs/heads/${branch}`),
    stop: async () => {
      await closeServer(server)
      await remove()
    },
  }
  server.on('request', (req, res) => {
    host.authorizations.push(req.headers.authorization ?? '')
    if (host.intercept(req, res)) return
    const basic = `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
    if (req.headers.authorization !== basic)
      res.writeHead(401, { 'www-authenticate': 'Basic realm="host"' }).end()
    else backend(root, req, res)
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  host.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await makeRepository(host.repository())
  execFileSync('git', ['fast-import', '--quiet'], { cwd: host.repository(), input: seed })
  return host
}

async function makeRepository(path: string): Promise<void> {
  await mkdir(path, { recursive: true })
  await git(path, 'init', '-q', '--bare', '--template=', '-b', 'main')
  await git(path, 'config', 'http.receivepack', 'true')
}

export async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

function backend(root: string, req: IncomingMessage, res: ServerResponse): void {
  const url = new URL(req.url ?? '/', 'http://host')
  const header = (name: string) => String(req.headers[name] ?? '')
  const cgi = spawn('git', ['http-backend'], {
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: '/nonexistent',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: req.method ?? '',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: header('content-type'),
      ...(req.headers['content-length'] && { CONTENT_LENGTH: header('content-length') }),
      ...(req.headers['content-encoding'] && { HTTP_CONTENT_ENCODING: header('content-encoding') }),
      ...(req.headers['git-protocol'] && { GIT_PROTOCOL: header('git-protocol') }),
      REMOTE_USER: 'app',
      REMOTE_ADDR: '127.0.0.1',
    },
  })
  cgi.stdin.on('error', () => undefined)
  res.on('close', () => cgi.kill())
  req.pipe(cgi.stdin)
  let head: Buffer | null = Buffer.alloc(0)
  cgi.stdout.on('data', (chunk: Buffer) => {
    if (head === null) return res.write(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    writeHead(res, head.toString('latin1', 0, end))
    res.write(head.subarray(end + 4))
    head = null
  })
  cgi.on('close', () => res.end())
}

function writeHead(res: ServerResponse, text: string): void {
  const pairs = text.split('\r\n').map((line) => line.split(/: */, 2) as [string, string])
  const status = pairs.find(([key]) => key.toLowerCase() === 'status')?.[1]
  const headers = pairs.filter(([key]) => key.toLowerCase() !== 'status')
  res.writeHead(Number.parseInt(status ?? '200', 10), Object.fromEntries(headers))
}
