import { z } from 'zod'
import { findTaskByBranch } from '../../db/repositories/tasks.ts'
import { recordBranch } from '../../orchestrator/record-branch.ts'
import { recordBasePush } from '../../orchestrator/remember-base.ts'
import { REPOSITORY_CONFIG_PATH } from '../../protocol/repository-config-file.ts'
import { isOwn, projectOf, reloadConfig, type WebhookContext } from '../context.ts'
import { RepositoryEvent, readPayload } from '../payload.ts'
import type { EventHandlers } from './event.ts'

const paths = z.array(z.string()).optional()
export const PushEvent = RepositoryEvent.extend({
  ref: z.string(),
  after: z.string(),
  deleted: z.boolean(),
  commits: z.array(z.object({ added: paths, modified: paths, removed: paths })).optional(),
})
type PushEvent = z.infer<typeof PushEvent>

/** GitHub lists at most 2,048 commits in a push event; with that many we look for ourselves. */
const MOST_COMMITS = 2_048

/** Pushes: to the default branch they move the base and may change the config; to an agent's branch they count. */
export const push: EventHandlers = { events: { push: pushed } }

async function pushed(context: WebhookContext, payload: unknown): Promise<void> {
  const event = readPayload(PushEvent, payload)
  const project = await projectOf(context, event)
  if (!project || !event.ref.startsWith('refs/heads/')) return
  const branch = event.ref.slice('refs/heads/'.length)
  // the first push to an empty repository decides which branch is the default one
  const first = project.baseSha === null && branch === event.repository.default_branch
  if (branch === project.defaultBranch || first) {
    if (!event.deleted) await recordBasePush(context.orchestrator, project.id, { branch, sha: event.after })
    if (touchesConfig(event)) await reloadConfig(context, event)
    return
  }
  // our own publishes are recorded when they end; their events may come late
  if (await isOwn(context, event)) return
  const task = await findTaskByBranch(context.orchestrator.db, project.id, branch)
  if (task) await recordBranch(context.orchestrator, task.id, event.deleted ? null : event.after)
}

function touchesConfig(event: PushEvent): boolean {
  const commits = event.commits ?? []
  if (commits.length >= MOST_COMMITS) return true
  return commits.some((commit) =>
    [commit.added, commit.modified, commit.removed].some((list) => list?.includes(REPOSITORY_CONFIG_PATH)),
  )
}
