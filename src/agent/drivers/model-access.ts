/** What a program needs to reach its model: variables for it alone, and which of their values are secret. */
export type ModelAccess = { variables: Readonly<Record<string, string>>; secrets: readonly string[] }

/**
 * What a program may do without asking, as nobody is there to be asked. `workspace`: all tools, as far as the program's
 * own limits go (docs/agents.md says how far that is); `all`: no limits of the program, for a machine that is one.
 */
export const PERMISSIONS = ['workspace', 'all'] as const
export type Permissions = (typeof PERMISSIONS)[number]

/** The model's own way to answer with something else than a change; added to the program's instructions. */
export const REPORT_INSTRUCTIONS = [
  'You run unattended: nobody sees or answers what you write until you have finished.',
  'Your last message becomes the description of the pull request: say what was done and why.',
  'To ask a question instead of guessing, or to answer without changing files, write a JSON file with a shell command',
  'to the path in $MISSION_CONTROL_USAGE_FILE and stop:',
  '{"outcome":"needs_clarification","question":"..."} or {"outcome":"result","summary":"..."}.',
].join('\n')
