import type { TaskEvent } from '../../domain/task.ts'
import { changeTask } from '../../orchestrator/change-task.ts'
import { NO_TASK, type SlashCommand } from './command.ts'

/** A command that is one event of the task's state machine and nothing else. */
export function taskEventCommand(name: string, event: TaskEvent, summary: string): SlashCommand {
  return {
    help: { name, args: '', summary, right: 'the trigger right' },
    async run(context, { known, by, issue }) {
      if (known === undefined) return NO_TASK
      // what was said while the task waited, this comment too, belongs to what is gathered for the next session
      const spoken =
        issue.number === known.task.number ? { factsAnyway: { commentCount: issue.comments } } : {}
      const changed = await changeTask(context.orchestrator, {
        taskId: known.task.id,
        event,
        actor: by.login,
        ...spoken,
      })
      return changed.ok ? { ok: true, reply: null } : { ok: false, reason: changed.reason }
    },
  }
}
