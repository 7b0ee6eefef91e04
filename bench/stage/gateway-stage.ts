import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeToken } from '../../src/cli/token.ts'
import type { Assignment } from '../../src/protocol/assignment.ts'
import type { Ground } from '../case.ts'
import { connectKeepingAgent } from './gateway-agent.ts'
import { git } from './gateway-git.ts'
import { makeSource, type Source } from './gateway-source.ts'
import { type Stage, setStage, startServerProcess } from './stage.ts'

const OWNER = 'maya'
const LABEL = 'process'

/** What an operator writes to let more than the default (100 MB, 500 files) through. */
const SETTINGS = 'limits:\n  push_megabytes: 500\n  push_files: 10000\n'

/** A repository as git reaches it: straight at GitHub, and through the gateway with a session's token. */
export interface Repository {
  direct: string
  gateway: string
  /** The branch that the session may push to. */
  branch: string
  /** Removes the server's mirror of it, as on a fresh replica. */
  forget(): Promise<void>
}

export interface GatewayStage {
  /** Of the server process. */
  pid: number
  /** On the pushing side: a base of a megabyte and commits on it. */
  source: Source
  /** With a live session each. `small` holds the base alone, the others also the commits up to the ones asked for. */
  repositories: { small: Repository; large: Repository; huge: Repository }
  /** Two repositories like `small` that only GitHub knows. */
  plain: [string, string]
  /** A directory for clones. */
  work: string
}

/**
 * A GitHub, a server and the sessions of an agent.
 * @param sizes of the commits to push, in MB
 * @param last the commit that each of the larger repositories ends with
 */
export async function setGatewayStage(
  { stack, say, profiles }: Ground,
  sizes: readonly number[],
  last: { large: number; huge: number },
): Promise<GatewayStage> {
  say('starting PostgreSQL and a local GitHub, making repositories to push from')
  const stage = await setStage(stack)
  const { directory } = stage
  const source = await makeSource(stack, directory, 'source', [1, ...sizes], SETTINGS)
  const { token } = await stage.github.createUser(OWNER)
  const direct = (name: string): string =>
    `${stage.config.github.url.replace('//', `//${OWNER}:${token}@`)}/${OWNER}/${name}.git`
  const fill = async (name: string, sha = source.base): Promise<void> => {
    await stage.github.createRepository({ owner: OWNER, name })
    await git(stack, source.directory, ['push', '-q', direct(name), `${sha}:refs/heads/main`])
  }
  for (const name of ['small', 'plain-a', 'plain-b']) await fill(name)
  await fill('large', source.commits[last.large]?.sha)
  await fill('huge', source.commits[last.huge]?.sha)
  const server = await startServerProcess(stack, stage.config, profiles)
  const { url, pid } = await server.describe()
  say('handing a task of each repository to an agent')
  const assignments = await openSessions(stack, stage, url, token, ['small', 'large', 'huge'])
  const repository = (name: string): Repository => {
    const assignment = assignments.get(name)
    if (assignment === undefined) throw new Error(`there is no session for ${name}`)
    const { git: access, session } = assignment
    return {
      direct: direct(name),
      gateway: access.url.replace('//', `//${access.username}:${session.token}@`),
      branch: access.branch,
      forget: () => forgetMirrors(stage.config.dataDir),
    }
  }
  return {
    pid,
    source,
    repositories: { small: repository('small'), large: repository('large'), huge: repository('huge') },
    plain: [direct('plain-a'), direct('plain-b')],
    work: directory,
  }
}

/** Mirrors are caches: they may go at any time while nothing runs. */
async function forgetMirrors(dataDir: string): Promise<void> {
  await rm(join(dataDir, 'mirrors'), { recursive: true, force: true })
}

async function openSessions(
  stack: AsyncDisposableStack,
  { config, github }: Stage,
  serverUrl: string,
  token: string,
  names: readonly string[],
): Promise<Map<string, Assignment>> {
  const repositories = names.map((name) => `${OWNER}/${name}`)
  await github.setWebhook(`${serverUrl}/api/github/webhooks`)
  await github.install(repositories)
  await github.flushWebhooks()
  const key = await makeToken(config, {
    name: 'ada',
    owner: OWNER,
    provider: 'command',
    capabilities: ['coding'],
    project: repositories,
    maxConcurrent: '10',
  })
  const agent = await connectKeepingAgent(stack, serverUrl, key)
  const assignments = new Map<string, Assignment>()
  for (const name of names) {
    const address = `${config.github.apiUrl}/repos/${OWNER}/${name}`
    await post(`${address}/labels`, token, { name: LABEL, color: '1f883d' })
    await post(`${address}/issues`, token, {
      title: 'more parts',
      body: 'See the last one.',
      labels: [LABEL],
    })
    assignments.set(name, await agent.assignment(`${OWNER}/${name}`))
  }
  return assignments
}

async function post(url: string, token: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${text}`)
}
