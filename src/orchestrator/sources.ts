import { z } from 'zod'
import type { ContextSource, NewContextSource } from '../db/repositories/context-sources.ts'
import { sha256 } from '../runtime/keys.ts'

/** What was read for a task before it became claimable, by kind. `trusted`: the writer has the trigger right. */
export const TaskSources = z.object({
  issue: z.object({ trusted: z.boolean() }),
  comments: z.array(
    z.object({
      id: z.int(),
      author: z.string(),
      trusted: z.boolean(),
      body: z.string(),
      at: z.iso.datetime(),
    }),
  ),
  base: z.object({
    /** The head of the default branch, or null in a repository without commits. */
    sha: z.string().nullable(),
    instructions: z.array(z.object({ path: z.string(), text: z.string() })),
    files: z.array(z.object({ path: z.string(), symbols: z.array(z.string()) })),
  }),
})
export type TaskSources = z.infer<typeof TaskSources>

/** The sources as rows, each with its own hash. */
export function toRows(sources: TaskSources): NewContextSource[] {
  return Object.entries(sources).map(([kind, content]) => ({
    kind,
    reference: kind,
    content: { value: content },
    sha256: sha256(JSON.stringify(content)),
  }))
}

/** True when the newest look at the repository, for this approval, found no commit to start from. */
export function lacksBase(rows: readonly ContextSource[], approvedSha256: string | null): boolean {
  if (rows.length === 0 || rows.some((row) => row.approvedSha256 !== approvedSha256)) return false
  return fromRows(rows).base.sha === null
}

/** The rows as sources. Throws when one is missing: a task without them is not claimable. */
export function fromRows(rows: readonly ContextSource[]): TaskSources {
  const entries = rows.map((row) => [row.kind, (row.content as { value: unknown }).value])
  return TaskSources.parse(Object.fromEntries(entries))
}
