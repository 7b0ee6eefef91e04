import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { watchRollout } from './codex-rollout.ts'
import { codexTranscript } from './codex-transcript.ts'
import type { Driver, DriverTask } from './driver.ts'
import { runJsonProgram } from './json-program.ts'
import { type ModelAccess, type Permissions, REPORT_INSTRUCTIONS } from './model-access.ts'
import { findProgram, missingProgram } from './programs.ts'

export type CodexOptions = {
  /** The program's name in the search path, or its absolute path. */
  program: string
  path: string
  model: ModelAccess
  /** Where the model is asked instead of OpenAI's own address. */
  baseUrl: string | null
  permissions: Permissions
  usagePollMs: number
}

/** Runs `codex exec`, one fresh thread per session. */
export function codexDriver(options: CodexOptions): Driver {
  const found = () => findProgram(options.program, options.path)
  const missing = missingProgram('codex', options.program)
  return {
    provider: 'codex',
    secrets: options.model.secrets,
    obstacle: async () => ((await found()) === null ? missing : null),
    async run(task) {
      const command = await found()
      if (command === null) return { failure: missing, limit: null, output: '', report: {}, usage: null }
      const home = join(task.directory, 'codex')
      await mkdir(home, { recursive: true })
      const reportFile = join(task.directory, 'tmp', 'report.json')
      const rollout = watchRollout(home, options.usagePollMs, (tokens) =>
        task.emit({ type: 'usage', usage: { tokens, costUsd: null, model: task.model } }),
      )
      try {
        const result = await runJsonProgram(task, {
          name: 'codex',
          command,
          args: codexArguments(task, options),
          environment: {
            ...options.model.variables,
            MISSION_CONTROL_USAGE_FILE: reportFile,
            CODEX_HOME: home,
            // It tells times of day without a zone.
            TZ: 'UTC',
          },
          transcript: codexTranscript(task.model),
          reportFile,
          refusal: async (told) => ({ ...told, resetsAt: (await rollout.look()).resetsAt }),
        })
        const { tokens } = await rollout.look()
        const usage = result.usage ?? (tokens && { tokens, costUsd: null, model: task.model })
        return { ...result, usage }
      } finally {
        rollout.stop()
      }
    },
  }
}

function codexArguments(task: DriverTask, options: CodexOptions): string[] {
  const sandbox = options.permissions === 'all' ? 'danger-full-access' : 'workspace-write'
  const settings: Record<string, unknown> = {
    'sandbox_workspace_write.writable_roots': [...task.gitDirectories, join(task.directory, 'home')],
    'sandbox_workspace_write.exclude_slash_tmp': true,
    'analytics.enabled': false,
    check_for_update_on_startup: false,
    // A login shell would replace the search path, and with it the programs that the operator chose.
    allow_login_shell: false,
    'shell_environment_policy.exclude': Object.keys(options.model.variables),
    // The repository's instructions are in the prompt, as they were at the base.
    project_doc_max_bytes: 0,
    developer_instructions: REPORT_INSTRUCTIONS,
    ...(options.baseUrl === null ? {} : ownProvider(options.baseUrl)),
  }
  return [
    'exec',
    '--json',
    `--cd=${task.place.directory}`,
    `--sandbox=${sandbox}`,
    ...Object.entries(settings).map(([key, value]) => `--config=${key}=${JSON.stringify(value)}`),
    '--disable=plugins',
    '--disable=apps',
    ...(task.model === null ? [] : [`--model=${task.model}`]),
    '-',
  ]
}

/** A provider of its own: the built-in one first tries WebSockets for seconds, which few other servers speak. */
function ownProvider(baseUrl: string): Record<string, unknown> {
  const provider = 'model_providers.mission-control'
  return {
    model_provider: 'mission-control',
    [`${provider}.name`]: 'mission-control',
    [`${provider}.base_url`]: baseUrl,
    [`${provider}.env_key`]: 'CODEX_API_KEY',
    [`${provider}.wire_api`]: 'responses',
    [`${provider}.request_max_retries`]: 2,
    [`${provider}.stream_max_retries`]: 2,
  }
}
