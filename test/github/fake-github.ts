import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'vitest'
import { createGitHub, type GitHub, type GitHubOptions } from '../../src/github/github.ts'
import type { LimitsPort } from '../../src/github/limits.ts'
import type { CallRecord } from '../../src/github/transport.ts'
import { createLogger } from '../../src/runtime/logger.ts'

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

export type Seen = { method: string; path: string; headers: IncomingHttpHeaders; body: unknown }
export type Reply =
  | { status: number; headers?: Record<string, string>; body?: unknown; raw?: string }
  /** Never answers. */
  | 'hang'
  /** Reads the request and closes the connection. */
  | 'cut'
type Handler = (request: Seen, count: number) => Reply

export type FakeGitHub = {
  url: string
  github: GitHub
  /** Requests other than for tokens. */
  seen: Seen[]
  minted: Seen[]
  calls: CallRecord[]
  blocks: Map<number, Date>
  /** Answers from now on; `count` is the number of this request, from 1. */
  answer(handler: Handler): void
  answerTokens(handler: Handler): void
}

export const repository = { installationId: 7, owner: 'octo', name: 'demo', repositoryId: 99 }

/** A wire that fails on demand, with a GitHub room that talks to it. It knows nothing of GitHub but tokens. */
export async function fakeGitHub(
  context: TestContext,
  options: Partial<GitHubOptions> = {},
): Promise<FakeGitHub> {
  let handler: Handler = () => ({ status: 500 })
  let tokenHandler: Handler = (_request, count) => ({
    status: 201,
    body: { token: `ghs_${count}`, expires_at: new Date(Date.now() + 3_600_000).toISOString() },
  })
  const seen: Seen[] = []
  const minted: Seen[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const { method = '', url: path = '', headers } = request
    const one: Seen = { method, path, headers, body: text === '' ? null : JSON.parse(text) }
    const forToken = path.endsWith('/access_tokens')
    const list = forToken ? minted : seen
    list.push(one)
    reply(response, (forToken ? tokenHandler : handler)(one, list.length))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  context.onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })

  const calls: CallRecord[] = []
  const blocks = new Map<number, Date>()
  const limits: LimitsPort = {
    blockedUntil: async (installationId) => blocks.get(installationId) ?? null,
    block: async (installationId, until) => void blocks.set(installationId, until),
  }
  const github = createGitHub({
    appId: 42,
    privateKey,
    apiUrl: url,
    gitUrl: url,
    limits,
    logger: createLogger('silent'),
    onCall: (record) => calls.push(record),
    retryDelayMs: 5,
    readTimeoutMs: 10_000,
    writeTimeoutMs: 10_000,
    ...options,
  })
  return {
    url,
    github,
    seen,
    minted,
    calls,
    blocks,
    answer: (next) => {
      handler = next
    },
    answerTokens: (next) => {
      tokenHandler = next
    },
  }
}

function reply(response: ServerResponse, answer: Reply): void {
  if (answer === 'hang') return
  if (answer === 'cut') {
    response.destroy()
    return
  }
  response.writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8', ...answer.headers })
  response.end(answer.raw ?? (answer.body === undefined ? undefined : JSON.stringify(answer.body)))
}

export const comment = (id: number, more: object = {}): object => ({
  id,
  html_url: `https://github.test/octo/demo/issues/1#issuecomment-${id}`,
  body: 'hello',
  user: { id: 5, login: 'mona', type: 'User' },
  created_at: '2026-11-01T10:00:00Z',
  updated_at: '2026-11-01T10:00:00Z',
  ...more,
})

export const issue = (more: object = {}): object => ({
  id: 1001,
  number: 1,
  html_url: 'https://github.test/octo/demo/issues/1',
  title: 'A title',
  body: null,
  state: 'open',
  state_reason: null,
  user: { id: 5, login: 'mona', type: 'User' },
  labels: [{ name: 'process' }, 'docs'],
  comments: 2,
  created_at: '2026-11-01T10:00:00Z',
  updated_at: '2026-11-01T10:00:00Z',
  ...more,
})

export const pull = (number: number, more: object = {}): object => ({
  id: 2000 + number,
  number,
  html_url: `https://github.test/octo/demo/pull/${number}`,
  title: 'A change',
  body: 'text',
  state: 'open',
  draft: false,
  merged_at: null,
  merge_commit_sha: 'f'.repeat(40),
  user: { id: 6, login: 'mission-control[bot]', type: 'Bot' },
  head: { ref: 'agent/a-b-1', sha: 'a'.repeat(40), repo: { id: 99 } },
  base: { ref: 'main' },
  ...more,
})
