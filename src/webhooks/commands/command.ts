import type { Project } from '../../db/repositories/projects.ts'
import type { Task } from '../../db/repositories/tasks.ts'
import type { Command } from '../../domain/command.ts'
import type { IssueSnapshot, Person, RepositorySnapshot } from '../../orchestrator/touch-task.ts'
import type { CommandHelp } from '../../presenter/reply.ts'
import type { WebhookContext } from '../context.ts'

/** A command in a comment, by somebody whose right was checked. */
export interface Invocation {
  command: Command
  by: Person
  repository: RepositorySnapshot
  /** The issue as the commenter saw it. */
  issue: IssueSnapshot
  /** Undefined while the issue is no task. */
  known: { project: Project; task: Task } | undefined
}

/** What a command did: shown as a reaction, and as a comment where there is something to say. */
export type CommandResult = { ok: true; reply: string | null } | { ok: false; reason: string }

/** One slash command with its help as data. All need the project's trigger right. */
export interface SlashCommand {
  help: CommandHelp
  run(context: WebhookContext, invocation: Invocation): Promise<CommandResult>
}

export const NO_TASK: CommandResult = {
  ok: false,
  reason: 'nobody has asked for this issue yet; `/process` does.',
}
