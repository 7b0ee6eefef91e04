import { createHmac } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAppAuth } from '@octokit/auth-app'
import { Octokit } from '@octokit/rest'
import { type LocalGitHub, type LocalGitHubOptions, startLocalGitHub } from '../../src/local-github/server.ts'

interface Received {
  event: string
  action: string | undefined
  guid: string
  signed: boolean
  headers: http.IncomingHttpHeaders
  payload: Record<string, unknown> & { sender?: { login: string; type: string } }
}

/** A receiver of webhooks on a socket of its own, and a server with one installed repository. */
export interface World extends AsyncDisposable {
  github: LocalGitHub
  received: Received[]
  /** What the receiver answers; 202 unless a test says otherwise. */
  receiver: { status: number }
  /** Events as `issues.opened`, in the order of arrival. */
  names(): string[]
  /** The app inside the installation of `octo`. */
  app: Octokit
  /** The app itself, with its JSON web token. */
  appJwt: Octokit
  /** `octo`, the owner. */
  owner: Octokit
  repo: { owner: string; repo: string }
  installationId: number
  asUser(login: string): Octokit
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/** A client with a token; nothing is retried and nothing printed. */
export function client(github: LocalGitHub, auth: string | undefined): Octokit {
  return new Octokit({ baseUrl: github.apiUrl, log: quiet, ...(auth && { auth }) })
}

export function appClient(github: LocalGitHub, installationId?: number): Octokit {
  const { id: appId, privateKey } = github.app
  // Without its own `request`, auth-app asks api.github.com for tokens, whatever the base of the client is.
  const auth = {
    appId,
    privateKey,
    request: new Octokit({ baseUrl: github.apiUrl, log: quiet }).request,
    ...(installationId !== undefined && { installationId }),
  }
  return new Octokit({ baseUrl: github.apiUrl, log: quiet, authStrategy: createAppAuth, auth })
}

function receive(received: Received[], receiver: { status: number }, secret: string): http.Server {
  return http.createServer((message, response) => {
    const chunks: Buffer[] = []
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.on('end', () => {
      const bytes = Buffer.concat(chunks)
      const wanted = `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`
      const payload = JSON.parse(bytes.toString('utf8')) as Received['payload']
      received.push({
        event: String(message.headers['x-github-event']),
        action: payload.action as string | undefined,
        guid: String(message.headers['x-github-delivery']),
        signed: message.headers['x-hub-signature-256'] === wanted,
        headers: message.headers,
        payload,
      })
      response.writeHead(receiver.status).end('noted')
    })
  })
}

const seedFiles = { 'README.md': '# demo\n', 'src/sum.js': 'export const sum = (a, b) => a - b\n' }

/** Starts it all; every answer and every payload is checked against GitHub's description. */
export async function openWorld(options: LocalGitHubOptions = {}): Promise<World> {
  const github = await startLocalGitHub({ checkResponses: true, ...options })
  const received: Received[] = []
  const receiver = { status: 202 }
  const server = receive(received, receiver, github.app.webhookSecret)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  github.setWebhook({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` })
  const { fullName } = await github.createRepository({ owner: 'octo', name: 'demo', files: seedFiles })
  const { installationId } = await github.install([fullName])
  await github.flushWebhooks()
  received.length = 0
  return {
    github,
    received,
    receiver,
    names: () => received.map(({ event, action }) => (action ? `${event}.${action}` : event)),
    app: appClient(github, installationId),
    appJwt: appClient(github),
    owner: client(github, github.createUser('octo').token),
    repo: { owner: 'octo', repo: 'demo' },
    installationId,
    asUser: (login) => client(github, github.createUser(login).token),
    async [Symbol.asyncDispose]() {
      try {
        await github.stop()
      } finally {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}

/** A branch with one commit on top of main, made through the API. */
export async function branchWithChange(
  world: World,
  branch: string,
  files: Record<string, string> = { 'src/sum.js': 'export const sum = (a, b) => a + b\n' },
): Promise<string> {
  const { app, repo } = world
  const { data: main } = await app.rest.git.getRef({ ...repo, ref: 'heads/main' })
  await app.rest.git.createRef({ ...repo, ref: `refs/heads/${branch}`, sha: main.object.sha })
  let sha = main.object.sha
  for (const [path, content] of Object.entries(files)) sha = await putFile(world, branch, path, content)
  return sha
}

/** Writes one file on a branch as the app; answers with the commit. */
export async function putFile(world: World, branch: string, path: string, content: string): Promise<string> {
  const { app, repo } = world
  const blob = await app.rest.repos
    .getContent({ ...repo, path, ref: branch })
    .then(({ data }) => ('sha' in data ? data.sha : undefined))
    .catch((error: { status?: number }) => {
      if (error.status !== 404) throw error
      return undefined
    })
  const { data } = await app.rest.repos.createOrUpdateFileContents({
    ...repo,
    path,
    branch,
    message: `Change ${path}`,
    content: Buffer.from(content).toString('base64'),
    ...(blob !== undefined && { sha: blob }),
  })
  return String(data.commit.sha)
}
