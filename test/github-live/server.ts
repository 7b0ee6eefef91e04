import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WEBHOOK_PATH } from '../../src/api/server.ts'
import { DEFAULT_POLICY } from '../../src/config.ts'
import { openDatabase } from '../../src/db/pool.ts'
import { startServer } from '../../src/main.ts'
import { createAgent } from '../../src/orchestrator/create-agent.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { connectScriptedAgent, type ScriptedAgent } from '../harness/scripted-agent.ts'
import type { Place } from './place.ts'

/** The repository as both Mission Control and the story need it. */
export interface Ground {
  repositoryId: number
  installationId: number
  owner: string
  name: string
  ownerId: number
  private: boolean
  defaultBranch: string
  person: { id: number; login: string }
}

export interface LiveServer {
  webhookUrl: string
  webhookSecret: string
  agent: ScriptedAgent
  stop(): Promise<void>
}

export const AGENT = 'live'

/** Mission Control on a place, reached over `apiUrl`, with one agent that the story plays. */
export async function startLiveServer(
  place: Place,
  apiUrl: string,
  ground: Ground,
  databaseUrl: string,
): Promise<LiveServer> {
  const directory = await mkdtemp(join(tmpdir(), 'mc-github-live-'))
  const webhookSecret = randomBytes(20).toString('hex')
  const server = await startServer(
    {
      host: '127.0.0.1',
      port: 0,
      publicUrl: null,
      databaseUrl,
      databaseUrlDirect: null,
      dataDir: directory,
      serverKey: randomBytes(32).toString('hex'),
      github: {
        appId: place.appId,
        privateKey: place.privateKey,
        webhookSecrets: [webhookSecret],
        apiUrl,
        url: place.serverUrl,
      },
      logLevel: 'silent',
      policy: DEFAULT_POLICY,
      reconcileSeconds: 1,
    },
    createLogger(process.env.TEST_LOG ?? 'silent'),
  )
  const key = await makeAgent(ground, databaseUrl)
  const agent = await connectScriptedAgent(AGENT, key, () => server.url)
  return {
    webhookUrl: `${server.url}${WEBHOOK_PATH}`,
    webhookSecret,
    agent,
    async stop() {
      await agent.close()
      await server.stop()
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function makeAgent(ground: Ground, databaseUrl: string): Promise<string> {
  const { db, close } = openDatabase(databaseUrl, { max: 1 })
  const { repositoryId: githubId, person, ...rest } = ground
  try {
    const made = await createAgent(db, {
      name: AGENT,
      owner: person,
      provider: 'command',
      capabilities: ['coding', 'writing', 'research'],
      maxConcurrent: 1,
      projects: [{ ownerMayWrite: true, repository: { githubId, ...rest } }],
    })
    if (!made.ok) throw new Error(made.reason)
    return made.key
  } finally {
    await close()
  }
}
