import { z } from 'zod'
import type { IssueSnapshot, Person, RepositorySnapshot } from '../orchestrator/touch-task.ts'

/** The fields of GitHub's webhooks that we read; everything else in them is left alone. */
const id = z.int().positive()
/** A time that can be stored: an invalid one would fail again with every try. */
export const time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'is not a time')
export const AccountPayload = z.object({ id, login: z.string(), type: z.string().optional() })
const RepositoryPayload = z.object({
  id,
  name: z.string(),
  private: z.boolean(),
  default_branch: z.string(),
  owner: AccountPayload,
})
const InstallationPayload = z.object({ id })
export const IssuePayload = z.object({
  id,
  number: id,
  html_url: z.string(),
  title: z.string(),
  body: z.string().nullish(),
  user: AccountPayload.nullish(),
  state: z.enum(['open', 'closed']),
  state_reason: z.string().nullish(),
  updated_at: time,
  comments: z.int(),
  labels: z.array(z.object({ name: z.string() })).nullish(),
  pull_request: z.unknown().optional(),
})
export type IssuePayload = z.infer<typeof IssuePayload>

/** What any event may carry. */
export const AnyEvent = z.object({ installation: InstallationPayload.nullish() })

/** A delivery that lacks what its event always has. Trying it again cannot help. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError'
}

/** The body of a delivery as a JSON object, or why it is none. */
export function parsePayload(payload: Buffer): { ok: true; payload: object } | { ok: false; error: string } {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ok: true, payload: value }
      : { ok: false, error: 'the body is not a JSON object' }
  } catch (error) {
    return { ok: false, error: `the body is not JSON: ${error instanceof Error ? error.message : error}` }
  }
}

/** The fields of a payload that we read. Throws `PayloadError` with the path of the first that is missing or wrong. */
export function readPayload<Schema extends z.ZodType>(schema: Schema, payload: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(payload)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue?.path.map(String).join('.') || 'the payload'
  throw new PayloadError(`${where}: ${issue?.message ?? 'is not as GitHub describes it'}`)
}

/** What every event in a repository carries. */
export const RepositoryEvent = z.object({
  action: z.string().optional(),
  repository: RepositoryPayload,
  installation: InstallationPayload,
  sender: AccountPayload,
})
export type RepositoryEvent = z.infer<typeof RepositoryEvent>

export function repositorySnapshot(event: RepositoryEvent): RepositorySnapshot {
  const { repository, installation } = event
  return {
    githubId: repository.id,
    installationId: installation.id,
    owner: repository.owner.login,
    ownerId: repository.owner.id,
    name: repository.name,
    private: repository.private,
    defaultBranch: repository.default_branch,
  }
}

/** The account `ghost` stands for people who are gone, as on GitHub's own pages. */
const GHOST = { id: 10_137, login: 'ghost' }

export function issueSnapshot(issue: IssuePayload): IssueSnapshot {
  const author = issue.user ?? GHOST
  return {
    id: issue.id,
    number: issue.number,
    url: issue.html_url,
    title: issue.title,
    body: issue.body ?? '',
    authorId: author.id,
    authorLogin: author.login,
    open: issue.state === 'open',
    updatedAt: new Date(issue.updated_at),
    labels: (issue.labels ?? []).map((label) => label.name),
    comments: issue.comments,
  }
}

export function person(account: z.infer<typeof AccountPayload>): Person {
  return { id: account.id, login: account.login }
}
