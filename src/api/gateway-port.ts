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
      // a repository that was renamed keeps the address that the assignment gave
      const names = [`${project.ownerLogin}/${project.name}`, session.terms.repository]
      if (!names.some((name) => name.toLowerCase() === `${owner}/${repo}`.toLowerCase())) return null
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
      return { ok: true, intentId: begun.intentId, remote, until: begun.until }
    },
    finishPublish: (intentId, outcome) => finishPublish(orchestrator, intentId, outcome),
    recordRefusal: (session, refusal) => recordPushRefusal(orchestrator, session.sessionId, refusal),
    async refresh(session, always = false) {
      const project = await findProject(db, session.projectId)
      if (project === undefined) throw new Error(`session ${session.sessionId} has no project`)
      const mirror = mirrors.mirror(project.id)
      const [base, branch] = await Promise.all([
        mirror.resolve(`refs/heads/${project.defaultBranch}`),
        mirror.resolve(`refs/heads/${session.branch}`),
      ])
      // the refs and not the commits count: a branch may have been deleted, or moved to what is known already
      const upToDate = base !== null && base === project.baseSha
      if (upToDate && (session.held || branch === session.publishedSha) && !always) return
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
