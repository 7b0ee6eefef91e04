import type { Gate } from '../domain/gates.ts'
import { code, inline } from './markdown.ts'
import { closedGates } from './next-step.ts'

/** What a slash command says of itself. */
export interface CommandHelp {
  /** Without the slash. */
  readonly name: string
  /** `[agent]`, `TEXT`; empty for none. */
  readonly args: string
  readonly summary: string
  /** The right on the repository that it needs, in words: `write`, `anyone who can comment`. */
  readonly right: string
}

/** Why a command was not done. The reason is a sentence. */
export function renderRefusedCommand(command: string, reason: string): string {
  return `Sorry, ${code(`/${command}`, 60)} was not done: ${inline(reason, 500)}`
}

/** Why the trigger label (or another request that is no command) was not followed. */
export function renderRefusedRequest(what: string, reason: string): string {
  return `Sorry, the ${code(what, 60)} request was not followed: ${inline(reason, 500)}`
}

/** For a word behind a slash that is no command. */
export function renderUnknownCommand(command: string): string {
  return `Sorry, there is no command ${code(`/${command}`, 60)}; \`/help\` lists them all.`
}

/** The answer to `/help`. */
export function renderHelp(commands: readonly CommandHelp[]): string {
  const rows = commands.map(
    ({ name, args, summary, right }) =>
      `| ${code(`/${name}${args === '' ? '' : ` ${args}`}`)} | ${cell(summary)} | ${cell(right)} |`,
  )
  return [
    'Write a command at the start of a line in a comment; quotes, code and edits do not count.',
    '',
    '| Command | What it does | Who may |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

/** Help texts are ours: Markdown in them is meant. */
function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|')
}

/** The answer to `/why`: everything that the task waits for. `state` as `describe` of the domain says it. */
export function renderWhy(state: string, gates: readonly Gate[]): string {
  const reasons = closedGates(gates)
  if (reasons.length === 0)
    return `This task is **${inline(state)}** and waits for nothing: an agent is picked next.`
  const [only = '', ...more] = reasons
  if (more.length === 0) return `This task is **${inline(state)}**. ${only}`
  return [
    `This task is **${inline(state)}** and waits for:`,
    '',
    ...reasons.map((reason) => `- ${reason}`),
  ].join('\n')
}

/** The answer to a request in a project without agents. */
export function renderConnectAgent(project: { owner: string; name: string; serverUrl: string }): string {
  const name = `${project.owner}/${project.name}`
  return [
    `No agent is connected to ${code(name)} yet, so the task waits. To connect one:`,
    '',
    '1. The operator of the server makes an agent and its key (shown once):',
    '   ```',
    `   mission-control token --name my-agent --owner YOUR-LOGIN --provider command --capabilities coding --project ${name}`,
    '   ```',
    `2. Start it on any machine that reaches ${project.serverUrl}: \`mission-control agent --help\` says how.`,
    '',
    'The task starts by itself as soon as the agent is there.',
  ].join('\n')
}
