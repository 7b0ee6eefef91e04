import type { Kysely } from 'kysely'
import { type Agent, connectAgentToProject, ensureUser, insertAgent } from '../db/repositories/agents.ts'
import { audit } from '../db/repositories/audit-log.ts'
import type { Database } from '../db/schema.ts'
import { createAgentKey } from '../runtime/keys.ts'
import { type Refusal, refuse } from './orchestrator.ts'
import { type Person, type RepositorySnapshot, touchProject } from './touch-task.ts'

/** An agent that an operator makes: claimed and connected at once. */
export interface NewAgent {
  name: string
  owner: Person
  provider: Agent['provider']
  capabilities: string[]
  maxConcurrent: number
  projects: { repository: RepositorySnapshot; ownerMayWrite: boolean }[]
}

/** Makes an agent and its key. The key is in this answer and nowhere else. */
export async function createAgent(
  db: Kysely<Database>,
  wanted: NewAgent,
): Promise<{ ok: true; agent: Agent; key: string } | Refusal> {
  const { key, prefix, hash } = createAgentKey()
  return db.transaction().execute(async (trx) => {
    const owner = await ensureUser(trx, { githubId: wanted.owner.id, login: wanted.owner.login })
    const agent = await insertAgent(trx, {
      name: wanted.name,
      capabilities: [...new Set(wanted.capabilities)].sort(),
      ownerId: owner.id,
      provider: wanted.provider,
      keyHash: hash,
      keyPrefix: prefix,
      maxConcurrent: wanted.maxConcurrent,
    })
    if (agent === undefined) return refuse('conflict', `An agent named ${wanted.name} exists already.`)
    for (const { repository, ownerMayWrite } of wanted.projects) {
      const project = await touchProject({ trx }, repository)
      await connectAgentToProject(trx, {
        projectId: project.id,
        agentId: agent.id,
        ownerMayWrite,
        approvedBy: null,
      })
    }
    await audit(trx, { actor: 'operator', action: 'agent_created', detail: { agent: agent.name } })
    return { ok: true, agent, key }
  })
}
