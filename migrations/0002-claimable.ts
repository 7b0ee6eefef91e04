import { type Kysely, sql } from 'kysely'

/**
 * One definition of "could be claimed now, if it is due", kept by the database itself. The planner has statistics on
 * a column; it guessed a comparison of two columns at half a percent and sorted all claimable tasks for each claim.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table tasks add column claimable boolean not null generated always as (
      coalesce(status = 'ready' and not frozen and issue_open and sources_sha256 = approved_sha256, false)
    ) stored;
    drop index tasks_claimable;
    drop index tasks_claimable_lane;
    create index tasks_claimable on tasks (priority desc, id) where claimable and requested;
    create index tasks_claimable_lane on tasks (lane_id, priority desc, id) where claimable and requested;
  `.execute(db)
}
