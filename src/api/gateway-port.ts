import { findHeldBranch } from '../db/repositories/held-branches.ts'
import { findProject } from '../db/repositories/projects.ts'
import { findTask } from '../db/repositories/tasks.ts'
import type { Mirrors } from '../git/mirror.ts'
import type { GitHub } from '../github/github.ts'
import { lostLease, sessionByToken } from '../orchestrator/authorize-session.ts'
import type { Orchestrator } from '../orchestrator/orchestrator.ts'
import { beginPublish, finishPublish, recordPushRefusal } from '../orchestrator/publish-commits.ts'
import type { GatewaySession, GitGatewayPort } from './git-gateway/port.ts'

/** What the git gateway asks of the orchestrator, the database and GitHub. */
export function createGatewayPort(
  orchestrator: Orchestrator,
  github: GitHub,
  mirrors: Mirrors,
): GitGatewayPort {
  const { db } = orchestrator
  return {
    async authorize(token, owner, repo) {
      const session = await sessionByToken(db, orchestrator.keys, token)
      if (session === undefined || lostLease(session, orchestrator.clock.now())) return null
      const [task, project] = await Promise.all([
        findTask(db, session.taskId),
        findProject(db, session.projectId),
      ])
      if (!task || !project || project.frozenBecause !== null) return null
      const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()
      if (!same(project.ownerLogin, owner) || !same(project.name, repo)) return null
      const held = await findHeldBranch(db, task.id)
      return {
        sessionId: session.id,
        taskId: task.id,
        projectId: project.id,
        issueNumber: task.number,
        branch: session.branch,
        defaultBranch: project.defaultBranch,
        publishedSha: held?.headSha ?? task.headSha,
        held: held !== undefined,
        stopping: session.stopRequested !== null,
        policy: {
          allow: session.terms.allow,
          protect: session.terms.protect,
          maxBytes: session.terms.pushBytes,
          maxFiles: session.terms.pushFiles,
        },
      } satisfies GatewaySession
    },
    async beginPublish(session, push) {
      const begun = await beginPublish(orchestrator, session.sessionId, push)
      if (!begun.ok) return { ok: false, sentence: begun.reason }
      if (begun.hold) return { ok: true, hold: true, intentId: begun.intentId }
      const remote = await github.credentials.forGit({
        installationId: begun.project.installationId,
        owner: begun.project.ownerLogin,
        name: begun.project.name,
        repositoryId: begun.project.githubId,
      })
      return { ok: true, intentId: begun.intentId, remote }
    },
    finishPublish: (intentId, outcome) => finishPublish(orchestrator, intentId, outcome),
    recordRefusal: (session, refusal) => recordPushRefusal(orchestrator, session.sessionId, refusal),
    async refresh(session) {
      const project = await findProject(db, session.projectId)
      if (project === undefined) throw new Error(`session ${session.sessionId} has no project`)
      const mirror = mirrors.mirror(project.id)
      const wanted = [project.baseSha, session.held ? null : session.publishedSha].filter(
        (sha) => sha !== null,
      )
      const known = await Promise.all(wanted.map((sha) => mirror.has(sha)))
      if (wanted.length > 0 && known.every(Boolean)) return
      await mirror.fetch(
        await github.credentials.forGit({
          installationId: project.installationId,
          owner: project.ownerLogin,
          name: project.name,
          repositoryId: project.githubId,
        }),
      )
    },
    async heldBundle(session) {
      const held = await findHeldBranch(db, session.taskId)
      if (held === undefined) throw new Error(`task ${session.taskId} has no held commits`)
      return held.bundle
    },
  }
}
