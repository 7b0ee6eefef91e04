import { findProject, type Project } from '../db/repositories/projects.ts'
import { findTask, type Task } from '../db/repositories/tasks.ts'
import { namedFiles } from '../domain/named-files.ts'
import { rightSuffices } from '../github/repositories.ts'
import { dispatch } from '../orchestrator/dispatch.ts'
import { configShaOf } from '../orchestrator/load-config.ts'
import { rememberBase } from '../orchestrator/remember-base.ts'
import type { TaskSources } from '../orchestrator/sources.ts'
import { storeSources } from '../orchestrator/store-sources.ts'
import {
  REPOSITORY_CONFIG_BYTES,
  REPOSITORY_CONFIG_PATH,
  type RepositoryConfigText,
} from '../protocol/repository-config-file.ts'
import { type JobContext, repositoryOf } from './context.ts'
import { respectingLimits } from './github-failures.ts'

/** Agent instructions of the repository, and how much of each is read. */
const INSTRUCTION_FILES = ['AGENTS.md', 'CLAUDE.md']
const INSTRUCTION_BYTES = 65_536
/** What is read of the base. */
const WANTED = {
  files: [
    { path: REPOSITORY_CONFIG_PATH, maxBytes: REPOSITORY_CONFIG_BYTES },
    ...INSTRUCTION_FILES.map((path) => ({ path, maxBytes: INSTRUCTION_BYTES })),
  ],
  paths: 20_000,
}

/**
 * Reads what a requested task needs (discussion, files at the base, the project's config), stores it for this
 * approval, and dispatches the task. After it, claiming and rendering need no network.
 */
export async function gatherSources(context: JobContext, taskId: number): Promise<void> {
  const { db } = context.orchestrator
  const task = await findTask(db, taskId)
  if (task === undefined || !task.requested || task.frozen || task.approvedSha256 === null) return
  const project = await findProject(db, task.projectId)
  if (project === undefined || project.frozenBecause !== null) return
  const [base, discussion] = await Promise.all([
    respectingLimits(() => readBase(context, project, task)),
    respectingLimits(() => readDiscussion(context, project, task)),
  ])
  const fresh = await storeSources(context.orchestrator, {
    taskId,
    approvedSha256: task.approvedSha256,
    sourcesAsked: task.sourcesAsked,
    sources: { ...discussion, base: base.sources },
    configText: base.configText,
  })
  if (fresh) await dispatch(context.orchestrator, { taskId })
}

/** Who wrote the issue and its comments, and whether they count: people with the trigger right, and the author. */
async function readDiscussion(
  context: JobContext,
  project: Project,
  task: Task,
): Promise<Pick<TaskSources, 'issue' | 'comments'>> {
  const repository = repositoryOf(project)
  const mayTrigger = async (person: { id: number; login: string }): Promise<boolean> =>
    person.id === task.requestedBy ||
    rightSuffices(await context.github.repositories.rightOf(repository, person), project.config.trigger.who)
  const [trusted, comments] = await Promise.all([
    mayTrigger({ id: task.creatorId, login: task.creatorLogin }),
    task.commentCount === 0
      ? []
      : context.github.comments.list(repository, task.number).then((all) => all.comments),
  ])
  const counted = await Promise.all(
    comments.map(async (comment) => {
      const { author } = comment
      if (author === null || author.bot || comment.appId !== null) return []
      const writerTrusted = await mayTrigger(author)
      // what somebody else wrote or changed after the approval was not approved
      const approved = task.requestedAt !== null && comment.updatedAt <= task.requestedAt
      if (!writerTrusted && !(author.id === task.creatorId && approved)) return []
      const { id, body } = comment
      return [{ id, author: author.login, trusted: writerTrusted, body, at: comment.createdAt.toISOString() }]
    }),
  )
  return { issue: { trusted }, comments: counted.flat() }
}

/** Reads the base branch from the mirror, which is brought up to date only when it is not at the known head. */
async function readBase(
  context: JobContext,
  project: Project,
  task: Task,
): Promise<{ sources: TaskSources['base']; configText: RepositoryConfigText | null }> {
  const mirror = context.mirrors.mirror(project.id)
  const ref = `refs/heads/${project.defaultBranch}`
  const known = await mirror.resolve(ref)
  const upToDate = known !== null && known === project.baseSha
  if (!upToDate) await mirror.fetch(await context.github.credentials.forGit(repositoryOf(project)))
  const sha = upToDate ? known : await mirror.resolve(ref)
  if (sha === null) return { sources: { sha: null, instructions: [], files: [] }, configText: null }
  await rememberBase(context.orchestrator, project.id, sha)
  const { files: texts, paths } = await mirror.snapshot(sha, WANTED)
  const [configFile = null, ...instructionFiles] = texts
  const instructions = INSTRUCTION_FILES.flatMap((path, index) => {
    // what is no text (UTF-16, say) has characters that no JSON in Postgres can hold
    const text = instructionFiles[index]?.toString('utf8').replaceAll('\0', '').trim()
    return text ? [{ path, text }] : []
  })
  const files = namedFiles(`${task.title}\n${task.description}`, paths).map((path) => ({ path, symbols: [] }))
  return { sources: { sha, instructions, files }, configText: changedConfig(project, configFile, paths) }
}

/** The text of the project's config when its file differs from the one in force; a missing file means the defaults. */
function changedConfig(
  project: Project,
  file: Buffer | null,
  paths: readonly string[],
): RepositoryConfigText | null {
  const there = paths.some(
    (path) => path === REPOSITORY_CONFIG_PATH || path.startsWith(`${REPOSITORY_CONFIG_PATH}/`),
  )
  const unreadable = { unreadable: `is not a regular file of at most ${REPOSITORY_CONFIG_BYTES} bytes` }
  const text = file?.toString('utf8') ?? (there ? unreadable : '')
  return configShaOf(text) === project.configSha ? null : text
}
