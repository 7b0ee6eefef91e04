import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely'
import type { PauseReason } from '../domain/task.ts'
import type { RepositoryConfig } from '../protocol/repository-config.ts'

/**
 * Column types of every table, in camelCase (kysely's CamelCasePlugin maps them to snake_case). The truth is
 * `migrations/`, checked by the golden schema.
 */
type Timestamp = ColumnType<Date, Date | string, Date | string>
type NullableTimestamp = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
type CreatedAt = ColumnType<Date, Date | undefined, never>
type Json<T extends object> = JSONColumnType<T>

export interface UsersTable {
  id: Generated<number>
  githubId: number
  login: string
  name: string | null
  email: string | null
  walletAddress: string | null
  createdAt: CreatedAt
}

export interface InstallationsTable {
  id: number
  accountId: number
  accountLogin: string
  suspendedAt: NullableTimestamp
  removedAt: NullableTimestamp
  blockedUntil: NullableTimestamp
}

export interface ProjectsTable {
  id: Generated<number>
  githubId: number
  installationId: number
  ownerLogin: string
  name: string
  description: Generated<string>
  private: boolean
  defaultBranch: string
  ownerId: number | null
  status: Generated<'active' | 'paused' | 'archived'>
  frozenBecause: string | null
  config: Json<RepositoryConfig>
  configSha: string | null
  configError: string | null
  baseSha: string | null
  createdAt: CreatedAt
}

export interface AgentsTable {
  id: Generated<number>
  name: string
  description: Generated<string>
  capabilities: string[]
  ownerId: number
  provider: 'claude-code' | 'codex' | 'openclaw' | 'command'
  connection: Generated<'local' | 'remote' | 'actions'>
  status: Generated<'available' | 'busy' | 'offline' | 'pending_claim'>
  keyHash: Buffer
  keyPrefix: string
  keyVersion: Generated<number>
  timeZone: string | null
  availableHours: Generated<string[]>
  maxConcurrent: Generated<number>
  tokenBudget: number | null
  tokensUsed: Generated<number>
  tasksCompleted: Generated<number>
  reputation: Generated<number>
  lastHeartbeatAt: NullableTimestamp
  removedAt: NullableTimestamp
  createdAt: CreatedAt
}

export interface ProjectAgentsTable {
  projectId: number
  agentId: number
  status: 'requested' | 'approved'
  ownerMayWrite: boolean
  approvedBy: number | null
  createdAt: CreatedAt
}

export interface AgentConnectionsTable {
  agentId: number
  channel: string
  replicaId: string
  connectedAt: ColumnType<Date, Date | undefined, Date>
  seenAt: ColumnType<Date, Date | undefined, Date>
}

export interface LanesTable {
  id: Generated<number>
  projectId: number
  capabilities: string[]
}

export interface TasksTable {
  id: Generated<number>
  projectId: number
  laneId: number
  number: number
  githubIssueId: number
  url: string
  title: string
  description: string
  creatorId: number
  creatorLogin: string
  issueOpen: boolean
  issueUpdatedAt: Timestamp
  commentCount: Generated<number>
  triggerLabelled: Generated<boolean>
  tags: Generated<string[]>
  priority: Generated<number>
  requestedAgent: string | null
  estimatedTokens: number | null
  status: Generated<'backlog' | 'ready' | 'processing' | 'paused' | 'review' | 'done' | 'cancelled'>
  requested: Generated<boolean>
  requestedBy: number | null
  requestedByLogin: string | null
  /** By GitHub's clock: what was said until then is what the requester approved. */
  requestedAt: NullableTimestamp
  approvedSha256: string | null
  sourcesSha256: string | null
  sourcesAsked: Generated<number>
  pauseReason: PauseReason | null
  statusBecause: string | null
  wakeAt: NullableTimestamp
  notBefore: ColumnType<Date, Date | string | undefined, Date | string>
  frozen: Generated<boolean>
  needsHuman: Generated<boolean>
  approvalLost: Generated<boolean>
  reverts: Generated<number>
  attempts: Generated<number>
  revisions: Generated<number>
  fence: Generated<number>
  nextMode: Generated<'new' | 'revise' | 'resume'>
  branch: string | null
  headSha: string | null
  branchDeleted: Generated<boolean>
  assignedAgentId: number | null
  pullRequestNumber: number | null
  pullRequestUrl: string | null
  mergedAt: NullableTimestamp
  parentId: number | null
  tokensUsed: Generated<number>
  costMicroUsd: Generated<number>
  result: string | null
  revision: Generated<number>
  /** Made by the database of what stands above: a due task that was asked for could be claimed. */
  claimable: GeneratedAlways<boolean>
  createdAt: CreatedAt
  statusChangedAt: ColumnType<Date, Date | undefined, Date>
}

/** What a session was promised when it was claimed; later changes of the config do not reach it. */
export interface SessionTerms {
  setup: string | null
  verify: string | null
  allow: string[]
  protect: string[]
  pushBytes: number
  pushFiles: number
  /** `owner/name` as it was; git addresses with it work while the session lives. */
  repository: string
  contextFile: string
}

export interface SessionsTable {
  id: Generated<number>
  taskId: number
  projectId: number
  agentId: number
  fence: number
  attempt: number
  mode: 'new' | 'revise' | 'resume'
  channel: string
  status: Generated<'dispatched' | 'running' | 'completed' | 'failed' | 'paused' | 'cancelled'>
  failure: 'error' | 'lost' | 'refused' | 'timeout' | 'budget' | 'empty' | null
  failureDetail: string | null
  model: string | null
  branch: string
  baseBranch: string
  startSha: string | null
  headSha: string | null
  holdPublishing: boolean
  terms: Json<SessionTerms>
  context: string
  contextSha256: string
  contextTokens: number
  tokenBudget: number | null
  wallClockSeconds: number
  acknowledgeBy: NullableTimestamp
  leaseUntil: Timestamp
  deadline: Timestamp
  stopRequested: 'pause' | 'cancel' | null
  stopBy: NullableTimestamp
  pushRefused: string | null
  outcome: string | null
  title: string | null
  output: string | null
  question: string | null
  percent: number | null
  message: string | null
  tokensInput: Generated<number>
  tokensOutput: Generated<number>
  tokensCacheRead: Generated<number>
  tokensCacheWrite: Generated<number>
  costMicroUsd: Generated<number>
  reportSha256: string | null
  createdAt: CreatedAt
  startedAt: NullableTimestamp
  endedAt: NullableTimestamp
}

export interface SessionEventsTable {
  id: Generated<number>
  taskId: number
  sessionId: number | null
  kind: string
  detail: Json<Record<string, unknown>>
  at: CreatedAt
}

export interface ContextSourcesTable {
  taskId: number
  kind: string
  reference: string
  content: JSONColumnType<object>
  sha256: string
  approvedSha256: string
  readAt: CreatedAt
}

export interface ProjectionsTable {
  taskId: number
  revision: Generated<number>
  commentId: number | null
  commentSha256: string | null
  commentAt: NullableTimestamp
  needsHuman: Generated<boolean>
  lockedUntil: NullableTimestamp
}

export interface OutboundCallsTable {
  id: Generated<number>
  installationId: number
  projectId: number
  taskId: number | null
  sessionId: number | null
  kind: string
  key: string | null
  createsContent: boolean
  intent: Json<Record<string, unknown>>
  state: Generated<'pending' | 'done' | 'failed'>
  outcome: Json<Record<string, unknown>> | null
  leaseUntil: NullableTimestamp
  createdAt: CreatedAt
  finishedAt: NullableTimestamp
}

export interface HeldBranchesTable {
  taskId: number
  sessionId: number
  branch: string
  baseSha: string | null
  headSha: string
  bundle: Buffer
  createdAt: CreatedAt
}

export interface WebhookDeliveriesTable {
  id: string
  event: string
  payload: Buffer
  state: Generated<'received' | 'working' | 'done' | 'failed'>
  attempts: Generated<number>
  dueAt: ColumnType<Date, Date | string | undefined, Date | string>
  error: string | null
  receivedAt: CreatedAt
  finishedAt: NullableTimestamp
}

export interface AuditLogTable {
  id: Generated<number>
  at: CreatedAt
  actor: string
  action: string
  projectId: number | null
  taskId: number | null
  detail: Json<Record<string, unknown>>
}

export interface ServerSettingsTable {
  key: string
  value: Json<Record<string, unknown>>
  changedAt: ColumnType<Date, Date | undefined, Date>
}

export interface Database {
  users: UsersTable
  installations: InstallationsTable
  projects: ProjectsTable
  agents: AgentsTable
  projectAgents: ProjectAgentsTable
  agentConnections: AgentConnectionsTable
  lanes: LanesTable
  tasks: TasksTable
  sessions: SessionsTable
  sessionEvents: SessionEventsTable
  contextSources: ContextSourcesTable
  projections: ProjectionsTable
  outboundCalls: OutboundCallsTable
  heldBranches: HeldBranchesTable
  webhookDeliveries: WebhookDeliveriesTable
  auditLog: AuditLogTable
  serverSettings: ServerSettingsTable
}
