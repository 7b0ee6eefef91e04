import type { Kysely, Selectable, Transaction } from 'kysely'
import type { ContextSourcesTable, Database } from '../schema.ts'

export type ContextSource = Selectable<ContextSourcesTable>
export type NewContextSource = Pick<ContextSource, 'kind' | 'reference' | 'content' | 'sha256'>

/** Replaces all that was read for a task by what was read now for one approval. */
export async function replaceSources(
  trx: Transaction<Database>,
  taskId: number,
  approvedSha256: string,
  sources: readonly NewContextSource[],
): Promise<void> {
  await trx.deleteFrom('contextSources').where('taskId', '=', taskId).execute()
  if (sources.length === 0) return
  await trx
    .insertInto('contextSources')
    .values(
      sources.map((source) => ({
        ...source,
        taskId,
        approvedSha256,
        content: JSON.stringify(source.content),
      })),
    )
    .execute()
}

export async function sourcesOfTask(db: Kysely<Database>, taskId: number): Promise<ContextSource[]> {
  return db
    .selectFrom('contextSources')
    .selectAll()
    .where('taskId', '=', taskId)
    .orderBy('kind')
    .orderBy('reference')
    .execute()
}
