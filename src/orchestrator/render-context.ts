import type { Agent } from '../db/repositories/agents.ts'
import type { Project } from '../db/repositories/projects.ts'
import type { Session } from '../db/repositories/sessions.ts'
import type { Task } from '../db/repositories/tasks.ts'
import { buildContext, type Context } from '../domain/context.ts'
import { priorities } from '../domain/labels.ts'
import type { TaskSources } from './sources.ts'

/** Everything that a context is rendered from; all of it is in the database when a task is claimed. */
export interface ContextMaterial {
  task: Task
  project: Project
  branch: string
  tokenBudget: number | null
  sources: TaskSources
  previous: { session: Session; agent: Agent } | null
  /** Where people see GitHub. */
  githubUrl: string
  /** Random letters and digits that fence what outsiders wrote. */
  marker: string
}

/** Renders the context of a session from what was gathered and approved. */
export function renderContext(material: ContextMaterial): Context {
  const { task, project, sources, previous } = material
  const { config } = project
  return buildContext({
    task: { number: task.number, priority: priorities[task.priority] ?? 'medium', tags: task.tags },
    project: {
      name: `${project.ownerLogin}/${project.name}`,
      repoUrl: `${material.githubUrl}/${project.ownerLogin}/${project.name}`,
    },
    branch: material.branch,
    base: project.defaultBranch,
    mode: task.nextMode,
    tokenBudget: material.tokenBudget,
    contextFile: config.context.file,
    workspace: config.workspace,
    issue: {
      title: task.title,
      body: task.description,
      author: task.creatorLogin,
      trusted: sources.issue.trusted,
    },
    comments: sources.comments,
    repositoryInstructions: sources.base.instructions,
    files: sources.base.files,
    parent: null,
    blockedBy: [],
    previousSession: previous && summaryOf(previous.session, previous.agent),
    reviewThreads: [],
    failingChecks: [],
    marker: material.marker,
    limitTokens: config.context.tokens,
  })
}

function summaryOf(session: Session, agent: Agent): { agent: string; summary: string } | null {
  const summary = session.output ?? session.failureDetail ?? session.message
  return summary ? { agent: agent.name, summary } : null
}
