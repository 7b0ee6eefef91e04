import { findProject } from '../db/repositories/projects.ts'
import { liveSessionsOfAgent, type Session } from '../db/repositories/sessions.ts'
import { findTask } from '../db/repositories/tasks.ts'
import { priorities } from '../domain/labels.ts'
import { Assignment, PROTOCOL_VERSION } from '../protocol/assignment.ts'
import type { Orchestrator } from './orchestrator.ts'

/** The user name of the git gateway; the password is the session token. */
const GIT_USERNAME = 'mission-control'

/** The message that hands a session to its agent. The token is computed, never stored. */
export async function assignmentOf(orchestrator: Orchestrator, session: Session): Promise<Assignment> {
  const task = await findTask(orchestrator.db, session.taskId)
  const project = await findProject(orchestrator.db, session.projectId)
  if (task === undefined || project === undefined) throw new Error(`session ${session.id} has no task`)
  const name = `${project.ownerLogin}/${project.name}`
  return Assignment.parse({
    protocol: PROTOCOL_VERSION,
    session: {
      id: session.id,
      token: orchestrator.keys.sessionToken(session.id, session.fence),
      leaseSeconds: orchestrator.policy.leaseSeconds,
      attempt: session.attempt,
      mode: session.mode,
    },
    task: {
      id: task.id,
      title: task.title,
      url: task.url,
      number: task.number,
      priority: priorities[task.priority] ?? 'medium',
      tags: task.tags,
      estimatedTokens: task.estimatedTokens,
    },
    project: {
      name,
      repoUrl: `${orchestrator.githubUrl}/${name}`,
      defaultBranch: project.defaultBranch,
      contextFile: session.terms.contextFile,
    },
    git: {
      url: `${orchestrator.publicUrl}/git/${name}.git`,
      branch: session.branch,
      base: session.baseBranch,
      username: GIT_USERNAME,
    },
    workspace: { setup: session.terms.setup, verify: session.terms.verify },
    model: session.model,
    tokenBudget: session.tokenBudget,
    wallClockSeconds: session.wallClockSeconds,
    context: { markdown: session.context, sha256: session.contextSha256, tokens: session.contextTokens },
  })
}

/** What an agent is to be told at once: sessions that wait for it, and sessions that are to stop. */
export async function dutiesOf(
  orchestrator: Orchestrator,
  agentId: number,
): Promise<{
  live: number[]
  running: number[]
  waiting: Session[]
  stopping: { session: number; reason: 'pause' | 'cancel' }[]
}> {
  const sessions = await liveSessionsOfAgent(orchestrator.db, agentId)
  return {
    live: sessions.map((session) => session.id),
    running: sessions.filter((session) => session.status === 'running').map((session) => session.id),
    waiting: sessions.filter((session) => session.status === 'dispatched' && session.stopRequested === null),
    stopping: sessions.flatMap((session) =>
      session.stopRequested === null ? [] : [{ session: session.id, reason: session.stopRequested }],
    ),
  }
}
