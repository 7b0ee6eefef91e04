import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { claudeTranscript } from './claude-transcript.ts'
import type { Driver, DriverTask } from './driver.ts'
import { runJsonProgram } from './json-program.ts'
import { type ModelAccess, type Permissions, REPORT_INSTRUCTIONS } from './model-access.ts'
import { findProgram, missingProgram } from './programs.ts'

export type ClaudeCodeOptions = {
  /** The program's name in the search path, or its absolute path. */
  program: string
  path: string
  model: ModelAccess
  permissions: Permissions
  maxTurns: number | null
  maxCostUsd: number | null
}

const TOOLS = 'Bash,Read,Edit,Write,Glob,Grep'

/** Runs Claude Code without a terminal, one fresh conversation per session. */
export function claudeCodeDriver(options: ClaudeCodeOptions): Driver {
  const found = () => findProgram(options.program, options.path)
  const missing = missingProgram('claude-code', options.program)
  return {
    provider: 'claude-code',
    secrets: options.model.secrets,
    obstacle: async () => ((await found()) === null ? missing : null),
    async run(task) {
      const command = await found()
      if (command === null) return { failure: missing, limit: null, output: '', report: {}, usage: null }
      const reportFile = join(task.directory, 'tmp', 'report.json')
      return runJsonProgram(task, {
        name: 'claude-code',
        command,
        args: claudeArguments(task, options),
        environment: claudeEnvironment(task, options, reportFile),
        transcript: claudeTranscript(() => new Date()),
        reportFile,
      })
    },
  }
}

/**
 * No settings, hooks, memory files, servers or commands of the user or the repository: what the program is told stands
 * in the prompt. Options with `=`, because values come from a repository and must not be read as options.
 */
function claudeArguments(task: DriverTask, options: ClaudeCodeOptions): string[] {
  const permissions =
    options.permissions === 'all'
      ? ['--permission-mode=bypassPermissions']
      : ['--permission-mode=acceptEdits', '--allowedTools=Bash']
  return [
    '--print',
    '--output-format=stream-json',
    '--verbose',
    `--session-id=${randomUUID()}`,
    ...permissions,
    `--tools=${TOOLS}`,
    '--setting-sources=',
    '--strict-mcp-config',
    '--disable-slash-commands',
    `--append-system-prompt=${REPORT_INSTRUCTIONS}`,
    ...(task.model === null ? [] : [`--model=${task.model}`]),
    ...(options.maxTurns === null ? [] : [`--max-turns=${options.maxTurns}`]),
    ...(options.maxCostUsd === null ? [] : [`--max-budget-usd=${options.maxCostUsd}`]),
  ]
}

function claudeEnvironment(
  task: DriverTask,
  options: ClaudeCodeOptions,
  reportFile: string,
): Record<string, string> {
  const root = process.getuid?.() === 0
  return {
    ...options.model.variables,
    MISSION_CONTROL_USAGE_FILE: reportFile,
    CLAUDE_CONFIG_DIR: join(task.directory, 'claude'),
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    // `@/any/file` in the prompt would put that file of the machine into the prompt, and issues are outsiders' text.
    CLAUDE_CODE_DISABLE_FILE_MENTIONS: '1',
    // Enough for a hiccup; what lasts longer is for the server to wait out, without a lease.
    CLAUDE_CODE_MAX_RETRIES: '3',
    // As root it refuses to skip permissions unless it is told that the machine is there for nothing else.
    ...(root && options.permissions === 'all' ? { IS_SANDBOX: '1' } : {}),
  }
}
