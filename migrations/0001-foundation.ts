import { type Kysely, sql } from 'kysely'

/**
 * Everything the loop from a labelled issue to a merged pull request keeps. Frozen once landed.
 * People, repositories and owners are keyed by GitHub's numeric ids; logins are for display.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table users (
      id bigint generated always as identity primary key,
      github_id bigint not null unique,
      login text not null,
      name text,
      email text,
      wallet_address text,
      created_at timestamptz not null default now()
    );

    create table installations (
      id bigint primary key,
      account_id bigint not null,
      account_login text not null,
      suspended_at timestamptz,
      removed_at timestamptz,
      -- GitHub asked us to wait (secondary limit): no call for this installation before then
      blocked_until timestamptz
    );

    create table projects (
      id bigint generated always as identity primary key,
      github_id bigint not null unique,
      installation_id bigint not null references installations (id),
      owner_login text not null,
      name text not null,
      description text not null default '',
      private boolean not null,
      default_branch text not null,
      owner_id bigint references users (id),
      status text not null default 'active' check (status in ('active', 'paused', 'archived')),
      frozen_because text,
      config jsonb not null,
      config_sha text,
      config_error text,
      -- head of the default branch as the last push event told it
      base_sha text,
      created_at timestamptz not null default now()
    );
    create index projects_name on projects (lower(owner_login), lower(name));
    create index projects_installation on projects (installation_id);

    create table agents (
      id bigint generated always as identity primary key,
      name text not null unique check (name ~ '^[a-z0-9][a-z0-9-]{0,38}$'),
      description text not null default '',
      capabilities text[] not null,
      owner_id bigint not null references users (id),
      provider text not null check (provider in ('claude-code', 'codex', 'openclaw', 'command')),
      connection text not null default 'remote' check (connection in ('local', 'remote', 'actions')),
      status text not null default 'offline' check (status in ('available', 'busy', 'offline', 'pending_claim')),
      key_hash bytea not null unique,
      key_prefix text not null,
      key_version integer not null default 1,
      time_zone text,
      available_hours text[] not null default '{}',
      max_concurrent integer not null default 1 check (max_concurrent between 1 and 1000),
      token_budget bigint check (token_budget > 0),
      tokens_used bigint not null default 0,
      tasks_completed integer not null default 0,
      reputation integer not null default 0,
      last_heartbeat_at timestamptz,
      removed_at timestamptz,
      created_at timestamptz not null default now()
    );

    create table project_agents (
      project_id bigint not null references projects (id) on delete cascade,
      agent_id bigint not null references agents (id) on delete cascade,
      status text not null check (status in ('requested', 'approved')),
      -- the agent's owner may write to the repository, so its branches may be published at once
      owner_may_write boolean not null,
      approved_by bigint,
      created_at timestamptz not null default now(),
      primary key (project_id, agent_id)
    );
    create index project_agents_agent on project_agents (agent_id);

    -- Which replica holds an agent's socket. seen_at is renewed by the replica, so a dead one fades.
    create table agent_connections (
      agent_id bigint not null references agents (id) on delete cascade,
      channel text not null,
      replica_id uuid not null,
      connected_at timestamptz not null default now(),
      seen_at timestamptz not null default now(),
      primary key (agent_id, channel)
    );

    -- Interned (project, needed capabilities): a claim looks up lanes, not arrays in a GIN index.
    create table lanes (
      id bigint generated always as identity primary key,
      project_id bigint not null references projects (id) on delete cascade,
      capabilities text[] not null,
      unique (project_id, capabilities)
    );

    create table tasks (
      id bigint generated always as identity primary key,
      project_id bigint not null references projects (id),
      lane_id bigint not null references lanes (id),
      number integer not null check (number > 0),
      github_issue_id bigint not null,
      url text not null,
      title text not null,
      description text not null,
      creator_id bigint not null,
      creator_login text not null,
      issue_open boolean not null,
      issue_updated_at timestamptz not null,
      comment_count integer not null default 0,
      trigger_labelled boolean not null default false,
      tags text[] not null default '{}',
      priority smallint not null default 1 check (priority between 0 and 3),
      requested_agent text,
      estimated_tokens bigint check (estimated_tokens > 0),
      status text not null default 'backlog'
        check (status in ('backlog', 'ready', 'processing', 'paused', 'review', 'done', 'cancelled')),
      requested boolean not null default false,
      requested_by bigint,
      requested_by_login text,
      requested_at timestamptz,
      approved_sha256 text,
      -- the approval for which context_sources were gathered; claimable only when equal to approved_sha256
      sources_sha256 text,
      -- counts how often the sources went stale: what was gathered before that is not stored
      sources_asked integer not null default 0,
      pause_reason text,
      status_because text,
      wake_at timestamptz,
      not_before timestamptz not null default '-infinity',
      frozen boolean not null default false,
      needs_human boolean not null default false,
      -- the approved text was edited by someone without the trigger right and nobody with it has acted since
      approval_lost boolean not null default false,
      reverts integer not null default 0,
      attempts integer not null default 0,
      revisions integer not null default 0,
      fence bigint not null default 0,
      next_mode text not null default 'new' check (next_mode in ('new', 'revise', 'resume')),
      branch text,
      head_sha text,
      branch_deleted boolean not null default false,
      assigned_agent_id bigint references agents (id),
      pull_request_number integer,
      pull_request_url text,
      merged_at timestamptz,
      parent_id bigint references tasks (id),
      tokens_used bigint not null default 0,
      cost_micro_usd bigint not null default 0,
      result text,
      -- counts every change that a person could see; the projector remembers which one it has shown
      revision bigint not null default 1,
      created_at timestamptz not null default now(),
      status_changed_at timestamptz not null default now(),
      unique (project_id, number),
      check (not requested or status = 'ready'),
      check (status <> 'paused' or pause_reason is not null)
    ) with (fillfactor = 85);
    create index tasks_claimable on tasks (priority desc, id)
      where status = 'ready' and not frozen and sources_sha256 is not null;
    create index tasks_claimable_lane on tasks (lane_id, priority desc, id)
      where status = 'ready' and not frozen and sources_sha256 is not null;
    create index tasks_without_sources on tasks (id) where requested and sources_sha256 is null;
    create index tasks_processing on tasks (id) where status = 'processing';
    create index tasks_wake on tasks (wake_at) where wake_at is not null;
    create index tasks_branch on tasks (project_id, branch) where branch is not null;

    create table sessions (
      id bigint generated always as identity primary key,
      task_id bigint not null references tasks (id),
      project_id bigint not null references projects (id),
      agent_id bigint not null references agents (id),
      fence bigint not null,
      attempt integer not null,
      mode text not null check (mode in ('new', 'revise', 'resume')),
      channel text not null,
      status text not null default 'dispatched'
        check (status in ('dispatched', 'running', 'completed', 'failed', 'paused', 'cancelled')),
      failure text check (failure in ('error', 'lost', 'refused', 'timeout', 'budget', 'empty')),
      failure_detail text,
      model text,
      branch text not null,
      base_branch text not null,
      start_sha text,
      head_sha text,
      hold_publishing boolean not null,
      terms jsonb not null,
      context text not null,
      context_sha256 text not null,
      context_tokens integer not null,
      token_budget bigint,
      wall_clock_seconds integer not null,
      acknowledge_by timestamptz,
      lease_until timestamptz not null,
      deadline timestamptz not null,
      stop_requested text check (stop_requested in ('pause', 'cancel')),
      stop_by timestamptz,
      push_refused text,
      outcome text,
      title text,
      output text,
      question text,
      percent smallint check (percent between 0 and 100),
      message text,
      tokens_input bigint not null default 0,
      tokens_output bigint not null default 0,
      tokens_cache_read bigint not null default 0,
      tokens_cache_write bigint not null default 0,
      cost_micro_usd bigint not null default 0,
      report_sha256 text,
      created_at timestamptz not null default now(),
      started_at timestamptz,
      ended_at timestamptz,
      check ((status in ('dispatched', 'running')) = (ended_at is null)),
      unique (task_id, fence)
    );
    create unique index sessions_one_live_per_task on sessions (task_id) where status in ('dispatched', 'running');
    create index sessions_live_agent on sessions (agent_id) where status in ('dispatched', 'running');
    create index sessions_live_project on sessions (project_id) where status in ('dispatched', 'running');
    create index sessions_due on sessions (lease_until) where status in ('dispatched', 'running');
    create index sessions_task on sessions (task_id, id);

    create table session_events (
      id bigint generated always as identity primary key,
      task_id bigint not null references tasks (id),
      session_id bigint references sessions (id),
      kind text not null,
      detail jsonb not null default '{}',
      at timestamptz not null default clock_timestamp()
    );
    create index session_events_task on session_events (task_id, id);

    create table context_sources (
      task_id bigint not null references tasks (id),
      kind text not null,
      reference text not null,
      content jsonb not null,
      sha256 text not null,
      approved_sha256 text not null,
      read_at timestamptz not null default now(),
      primary key (task_id, kind, reference)
    );

    create table projections (
      task_id bigint primary key references tasks (id),
      revision bigint not null default 0,
      comment_id bigint,
      comment_sha256 text,
      comment_at timestamptz,
      needs_human boolean not null default false,
      locked_until timestamptz
    );

    -- Intent before every call that creates something at GitHub. key finds the thing again after a crash.
    create table outbound_calls (
      id bigint generated always as identity primary key,
      installation_id bigint not null references installations (id),
      project_id bigint not null references projects (id),
      task_id bigint references tasks (id),
      session_id bigint references sessions (id),
      kind text not null,
      key text,
      creates_content boolean not null,
      intent jsonb not null default '{}',
      state text not null default 'pending' check (state in ('pending', 'done', 'failed')),
      outcome jsonb,
      lease_until timestamptz,
      created_at timestamptz not null default clock_timestamp(),
      finished_at timestamptz
    );
    create unique index outbound_calls_key on outbound_calls (kind, key) where key is not null;
    create index outbound_calls_budget on outbound_calls (installation_id, created_at) where creates_content;
    create index outbound_calls_publishes on outbound_calls (task_id, id) where kind = 'publish';
    create index outbound_calls_pending on outbound_calls (session_id) where state = 'pending';

    -- Commits that wait for a person's approval: kept here because mirrors are caches.
    create table held_branches (
      task_id bigint primary key references tasks (id),
      session_id bigint not null references sessions (id),
      branch text not null,
      base_sha text,
      head_sha text not null,
      bundle bytea not null,
      created_at timestamptz not null default now()
    );
    alter table held_branches alter column bundle set storage external;

    create table webhook_deliveries (
      id uuid primary key,
      event text not null,
      payload bytea not null,
      state text not null default 'received' check (state in ('received', 'working', 'done', 'failed')),
      attempts integer not null default 0,
      due_at timestamptz not null default '-infinity',
      error text,
      received_at timestamptz not null default clock_timestamp(),
      finished_at timestamptz
    );
    -- no compression: pglz costs more CPU than the bytes are worth
    alter table webhook_deliveries alter column payload set storage external;
    create index webhook_deliveries_queue on webhook_deliveries (received_at, id) where state in ('received', 'working');

    create table audit_log (
      id bigint generated always as identity primary key,
      at timestamptz not null default clock_timestamp(),
      actor text not null,
      action text not null,
      project_id bigint references projects (id),
      task_id bigint references tasks (id),
      detail jsonb not null default '{}'
    );

    create table server_settings (
      key text primary key,
      value jsonb not null,
      changed_at timestamptz not null default now()
    );
  `.execute(db)
}
