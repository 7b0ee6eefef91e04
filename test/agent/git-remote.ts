import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const REPOSITORY = '/acme/widgets.git'
const GIT_ENVIRONMENT = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Maintainer',
  GIT_AUTHOR_EMAIL: 'maintainer@example.com',
  GIT_COMMITTER_NAME: 'Maintainer',
  GIT_COMMITTER_EMAIL: 'maintainer@example.com',
}

type Git = (args: string[], input?: string) => Promise<string>

/** A git repository behind HTTP, as the gateway serves one: real git, one user and password, refusals by a hook. */
export type GitRemote = {
  url: string
  /** Authorization headers, each once. */
  seen: Set<string>
  /** Requests answered with this status instead of git's; null: none. */
  status: number | null
  git(...args: string[]): Promise<string>
  /** Commits files to a branch; a new branch starts from main. */
  commit(branch: string, files: Record<string, string>): Promise<string>
  /** Every push is refused with this sentence. */
  refuse(sentence: string): Promise<void>
  show(branch: string, file: string): Promise<string>
  log(branch: string): Promise<{ subject: string; author: string }[]>
  close(): Promise<void>
}

export async function startGitRemote(
  root: string,
  access: { username: string; password: string },
): Promise<GitRemote> {
  const directory = join(root, REPOSITORY)
  await mkdir(directory, { recursive: true })
  const expected = `Basic ${Buffer.from(`${access.username}:${access.password}`).toString('base64')}`
  const git: Git = async (args, input) => {
    const running = promisify(execFile)('git', args, { cwd: directory, env: GIT_ENVIRONMENT })
    running.child.stdin?.end(input)
    return (await running).stdout.trim()
  }
  await git(['init', '--quiet', '--bare', '--initial-branch=main', '--template=', '.'])
  await git(['config', 'http.receivepack', 'true'])
  const server = createServer((request, response) => {
    const given = request.headers.authorization ?? ''
    remote.seen.add(given)
    const status = remote.status ?? (given === expected ? null : 401)
    if (status === null) return serve(root, request, response)
    request.resume()
    response.writeHead(status, { 'www-authenticate': 'Basic realm="test"' }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const remote: GitRemote = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${REPOSITORY}`,
    seen: new Set(),
    status: null,
    git: (...args) => git(args),
    commit: (branch, files) => commit(git, branch, files),
    refuse: (sentence) => refuse(directory, sentence),
    show: (branch, file) => git(['show', `refs/heads/${branch}:${file}`]),
    async log(branch) {
      const out = await git(['log', '--format=%s%x09%an <%ae>', `refs/heads/${branch}`])
      return out
        .split('\n')
        .map((line) => ({ subject: line.split('\t')[0] ?? '', author: line.split('\t')[1] ?? '' }))
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return remote
}

async function commit(git: Git, branch: string, files: Record<string, string>): Promise<string> {
  const refs = (await git(['for-each-ref', '--format=%(refname:short)'])).split('\n')
  const from = [branch, 'main'].find((name) => refs.includes(name))
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`
  const stream = [
    `commit refs/heads/${branch}\n`,
    'committer Maintainer <maintainer@example.com> 1700000000 +0000\n',
    data('Change by the maintainer'),
    from === undefined ? '' : `from refs/heads/${from}^0\n`,
    ...Object.entries(files).map(([name, content]) => `M 100644 inline ${name}\n${data(content)}`),
  ]
  await git(['fast-import', '--quiet'], stream.join(''))
  return git(['rev-parse', `refs/heads/${branch}`])
}

async function refuse(bare: string, sentence: string): Promise<void> {
  const hook = join(bare, 'hooks', 'pre-receive')
  await mkdir(dirname(hook), { recursive: true })
  await writeFile(hook, `#!/bin/sh\ncat >/dev/null\necho '${sentence}' >&2\nexit 1\n`)
  await chmod(hook, 0o755)
}

/** node:http -> `git http-backend` (CGI). */
function serve(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://remote')
  const cgi = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: cgiEnvironment(root, request, url),
  })
  request.pipe(cgi.stdin)
  cgi.stdin.on('error', () => request.resume())
  response.on('close', () => cgi.exitCode === null && cgi.kill())
  let head: Buffer | null = Buffer.alloc(0)
  cgi.stdout.on('data', (chunk: Buffer) => {
    if (head === null) return void response.write(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    const lines = head.subarray(0, end).toString('latin1').split('\r\n')
    const headers = lines.map(
      (line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const,
    )
    const status = headers.find(([name]) => name === 'Status')?.[1]
    response.writeHead(
      Number.parseInt(status ?? '200', 10),
      Object.fromEntries(headers.filter(([name]) => name !== 'Status')),
    )
    response.write(head.subarray(end + 4))
    head = null
  })
  cgi.on('close', () => response.end())
}

function cgiEnvironment(root: string, request: IncomingMessage, url: URL): Record<string, string> {
  const optional = {
    CONTENT_LENGTH: request.headers['content-length'],
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
    GIT_PROTOCOL: request.headers['git-protocol']?.toString(),
  }
  return {
    ...GIT_ENVIRONMENT,
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: url.pathname,
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    REMOTE_USER: 'agent',
    REMOTE_ADDR: '127.0.0.1',
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  } as Record<string, string>
}
