import { isAgentName } from '../../domain/branch.ts'
import { requestTask } from '../../orchestrator/request-task.ts'
import { currentIssue } from '../context.ts'
import type { SlashCommand } from './command.ts'

export const process: SlashCommand = {
  help: {
    name: 'process',
    args: '[agent]',
    summary: 'Has an agent work on this issue; with a name, that agent.',
    right: 'the trigger right',
  },
  async run(context, { command, by, repository, issue }) {
    const [agent = null] = command.args
    if (agent !== null && !isAgentName(agent)) return { ok: false, reason: `${agent} is no agent's name.` }
    const now = await currentIssue(context, repository, issue.number)
    if (now === null) return { ok: false, reason: 'the issue is gone.' }
    const request = { repository, seen: issue, now, by, via: 'command', agent } as const
    const requested = await requestTask(context.orchestrator, request)
    return requested.ok ? { ok: true, reply: null } : { ok: false, reason: requested.reason }
  },
}
