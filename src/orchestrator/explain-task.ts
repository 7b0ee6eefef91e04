import { agentsOfProject } from '../db/repositories/agent-load.ts'
import { findAgent } from '../db/repositories/agents.ts'
import { sourcesOfTask } from '../db/repositories/context-sources.ts'
import { findProject, type Project } from '../db/repositories/projects.ts'
import { readSetting } from '../db/repositories/server-settings.ts'
import { countLiveSessions, latestSessionOfTask } from '../db/repositories/sessions.ts'
import type { Task } from '../db/repositories/tasks.ts'
import { type Gate, gates } from '../domain/gates.ts'
import { neededCapabilities } from '../domain/labels.ts'
import { isLive } from '../domain/session.ts'
import { DISPATCH_SETTING } from './dispatch.ts'
import type { Orchestrator } from './orchestrator.ts'
import { lacksBase } from './sources.ts'

/** Why is this task not running: all its gates, and which of them hold. */
export async function explainTask(orchestrator: Orchestrator, task: Task): Promise<Gate[]> {
  const { db } = orchestrator
  const project = await findProject(db, task.projectId)
  if (project === undefined) throw new Error(`task ${task.id} has no project`)
  const now = orchestrator.clock.now()
  const session = await latestSessionOfTask(db, task.id)
  const live = session && isLive(session.status) ? await findAgent(db, session.agentId) : undefined
  const needed = neededCapabilities(task.tags, project.config.routing)
  const fresh = task.approvedSha256 === null || task.sourcesSha256 === task.approvedSha256
  const noCommits = !fresh && lacksBase(await sourcesOfTask(db, task.id), task.approvedSha256)
  return gates({
    status: task.status,
    requested: task.requested,
    issueOpen: task.issueOpen,
    pauseReason: task.pauseReason,
    frozen: task.frozen || project.frozenBecause !== null,
    projectStatus: project.status,
    blockedBy: [],
    missingBase: noCommits ? project.defaultBranch : null,
    sourcesFresh: fresh || noCommits,
    notBefore: task.notBefore > now ? task.notBefore.getTime() : null,
    now: now.getTime(),
    serverStopped: (await readSetting(db, DISPATCH_SETTING))?.stopped === true,
    liveAgent: live?.name ?? null,
    liveSessions: await countLiveSessions(db, { projectId: project.id }),
    concurrentSessions: project.config.limits.concurrent_sessions,
    neededCapabilities: needed,
    requestedAgent: task.requestedAgent ?? project.config.agents.default,
    agents: await agentFacts(orchestrator, project, task, needed),
  })
}

async function agentFacts(
  orchestrator: Orchestrator,
  project: Project,
  task: Task,
  needed: readonly string[],
): Promise<{ connected: number; capable: number; free: number }> {
  const all = await agentsOfProject(orchestrator.db, project.id)
  const wanted = task.requestedAgent ?? project.config.agents.default
  const capable = all.filter(
    (agent) =>
      (wanted === null || agent.name === wanted) &&
      needed.every((capability) => agent.capabilities.includes(capability)),
  )
  const free = capable.filter((agent) => agent.connected && agent.liveSessions < agent.maxConcurrent)
  return { connected: all.length, capable: capable.length, free: free.length }
}
