import type { Call, Tool } from './conversation.ts'

/** The shell tool of each client, and how it wants its command. */
const SHELLS: Record<string, (command: string, tool: Tool) => Call> = {
  // Claude Code
  Bash: (command, { name }) => ({ name, namespace: null, input: { command, description: 'scripted step' } }),
  // Codex, for models that are not known to it
  exec_command: (command, { name, namespace }) => ({ name, namespace, input: { cmd: command } }),
  // Codex, for models that write programs which call its tools
  exec: (command, { name, namespace }) => ({
    name,
    namespace,
    text: `text((await tools.exec_command({cmd: ${JSON.stringify(command)}})).output)`,
  }),
}

/** A call of the client's own shell. Throws when it offers none that is known: the script could not be played. */
export function shellCall(command: string, tools: readonly Tool[]): Call {
  for (const [name, call] of Object.entries(SHELLS)) {
    const tool = tools.find((offered) => offered.name === name)
    if (tool !== undefined) return call(command, tool)
  }
  throw new Error(`the client offers no known shell among: ${tools.map(({ name }) => name).join(', ')}`)
}
