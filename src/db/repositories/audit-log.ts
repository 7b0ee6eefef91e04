import type { Kysely } from 'kysely'
import type { Database } from '../schema.ts'

/** Appends to the audit log: who did (or was refused) what. */
export async function audit(
  db: Kysely<Database>,
  entry: {
    actor: string
    action: string
    projectId?: number | null
    taskId?: number | null
    detail?: Record<string, unknown>
  },
): Promise<void> {
  await db
    .insertInto('auditLog')
    .values({
      actor: entry.actor,
      action: entry.action,
      projectId: entry.projectId ?? null,
      taskId: entry.taskId ?? null,
      detail: JSON.stringify(entry.detail ?? {}),
    })
    .execute()
}
