import { describe } from '../../domain/task.ts'
import { explainTask } from '../../orchestrator/explain-task.ts'
import { inline } from '../../presenter/markdown.ts'
import { renderWhy } from '../../presenter/reply.ts'
import { NO_TASK, type SlashCommand } from './command.ts'

export const why: SlashCommand = {
  help: {
    name: 'why',
    args: '',
    summary: 'Says what the task waits for.',
    right: 'the trigger right',
  },
  async run(context, { known }) {
    if (known === undefined) return NO_TASK
    const reply = renderWhy(describe(known.task), await explainTask(context.orchestrator, known.task))
    const problem = known.project.configError
    return {
      ok: true,
      reply:
        problem === null
          ? reply
          : `${reply}\n\nThe configuration file has a mistake (the last valid one is in force): ${inline(problem, 500)}`,
    }
  },
}
