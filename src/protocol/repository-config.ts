import { z } from 'zod'

const model = z.string().min(1).max(200).nullable()
const models = z.strictObject({
  urgent: model.optional(),
  default: model.optional(),
  heartbeat: model.optional(),
})
const labelName = z.string().min(1).max(50)
const globs = z.array(z.string().min(1).max(300)).max(200)
/** A shell command line that the runner executes in the working copy. */
const shell = z.string().min(1).max(2_000).nullable()

/** `.github/mission-control.yml`, read from the default branch only. Unknown keys are refused by name. */
export const RepositoryConfig = z.strictObject({
  trigger: z
    .strictObject({
      label: labelName.default('process'),
      who: z.enum(['triage', 'write', 'maintain', 'admin']).default('write'),
      bots: z.array(z.int().positive()).max(50).default([]),
    })
    .prefault({}),
  agents: z
    .strictObject({
      policy: z.enum(['approve', 'open']).default('approve'),
      default: z.string().max(39).nullable().default(null),
    })
    .prefault({}),
  routing: z
    .strictObject({
      default: z.array(z.string().max(50)).max(20).default(['coding']),
      labels: z.record(labelName, z.array(z.string().max(50)).max(20)).default({
        research: ['research'],
        docs: ['writing'],
      }),
    })
    .prefault({}),
  dispatch: z
    .strictObject({
      channels: z
        .array(z.enum(['websocket', 'webhook', 'long-poll', 'openclaw', 'actions']))
        .default(['websocket', 'webhook', 'long-poll', 'openclaw', 'actions']),
      workflow: z.string().max(200).default('mission-control.yml'),
    })
    .prefault({}),
  models: z.partialRecord(z.enum(['openclaw', 'claude-code', 'codex', 'command']), models).prefault({
    openclaw: {
      urgent: 'anthropic/claude-sonnet-4',
      default: 'anthropic/claude-haiku',
      heartbeat: 'anthropic/claude-haiku',
    },
    'claude-code': { urgent: 'sonnet', default: 'haiku', heartbeat: 'haiku' },
    codex: { urgent: null, default: null },
    command: {},
  }),
  workspace: z.strictObject({ setup: shell.default(null), verify: shell.default(null) }).prefault({}),
  limits: z
    .strictObject({
      max_attempts: z.int().min(1).max(20).default(3),
      max_revisions: z.int().min(0).max(20).default(3),
      concurrent_sessions: z.int().min(1).max(1_000).default(10),
      token_budget: z.int().min(1_000).default(400_000),
      session_minutes: z
        .int()
        .min(1)
        .max(24 * 60)
        .default(60),
      open_pull_requests: z.int().min(1).default(10),
      open_pull_requests_per_reviewer: z.int().min(1).nullable().default(null),
      task_lifetime_usd: z.number().min(0).default(25),
      push_megabytes: z.int().min(1).max(2_000).default(100),
      push_files: z.int().min(1).max(100_000).default(500),
    })
    .prefault({}),
  labels: z
    .strictObject({ needs_human: labelName.default('needs-human'), states: z.boolean().default(false) })
    .prefault({}),
  commits: z.strictObject({ co_author: z.boolean().default(false) }).prefault({}),
  transcripts: z.strictObject({ keep_days: z.int().min(0).default(30) }).prefault({}),
  context: z
    .strictObject({
      file: z.string().min(1).max(300).default('CONTEXT.md'),
      tokens: z.int().min(2_000).max(1_000_000).default(24_000),
      include: globs.default([]),
      exclude: globs.default([]),
    })
    .prefault({}),
  paths: z
    .strictObject({ allow: globs.default(['**']), protect: globs.default(['.github/**', '**/*.pem']) })
    .prefault({}),
  publish: z.enum(['auto', 'after_approval']).default('auto'),
  board: z
    .strictObject({
      project: z.int().positive(),
      status_field: z.string().default('Status'),
      map: z.record(z.string(), z.enum(['ready', 'processing', 'review', 'done'])).optional(),
    })
    .optional(),
  review: z
    .strictObject({
      on_changes_requested: z.boolean().default(true),
      on_red_checks: z.boolean().default(true),
      debounce_seconds: z.int().min(0).default(60),
      results: z.enum(['review', 'done']).default('review'),
    })
    .prefault({}),
  merge: z
    .strictObject({
      auto: z.boolean().default(false),
      method: z.enum(['merge', 'squash', 'rebase']).default('squash'),
      require_approvals: z.int().min(0).default(1),
    })
    .prefault({}),
  rewards: z.strictObject({ enabled: z.boolean().default(false) }).prefault({}),
})
export type RepositoryConfig = z.infer<typeof RepositoryConfig>
