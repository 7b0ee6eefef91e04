import { approvePublishing } from '../../orchestrator/approve-publishing.ts'
import { NO_TASK, type SlashCommand } from './command.ts'

export const approve: SlashCommand = {
  help: {
    name: 'approve',
    args: '',
    summary: 'Publishes the held branch and opens its pull request.',
    right: 'the trigger right',
  },
  async run(context, { known, by }) {
    if (known === undefined) return NO_TASK
    const approved = await approvePublishing(context.orchestrator, known.task.id, by)
    return approved.ok ? { ok: true, reply: null } : { ok: false, reason: approved.reason }
  },
}
