import { z } from 'zod'

/** Version of the agent protocol; `hello` and every assignment carry it. */
export const PROTOCOL_VERSION = 1

/** Agent names are unique per server and become part of branch names. */
export const AgentName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,38}$/,
    'lower-case letters, digits and dashes, at most 39, not starting with a dash',
  )
export type AgentName = z.infer<typeof AgentName>

/** How a session begins: from the base, from a reviewed branch, or from what an earlier session left. */
export const SessionMode = z.enum(['new', 'revise', 'resume'])
export type SessionMode = z.infer<typeof SessionMode>

/**
 * The message that hands a session to an agent; the same on every channel.
 * `workspace` is not in the given contract: a runner needs the project's own commands, and an agent
 * that has no runner may ignore them.
 */
export const Assignment = z.object({
  protocol: z.literal(PROTOCOL_VERSION),
  session: z.object({
    id: z.int().positive(),
    token: z.string(),
    leaseSeconds: z.int().positive(),
    attempt: z.int().positive(),
    mode: SessionMode,
  }),
  task: z.object({
    id: z.int().positive(),
    title: z.string(),
    url: z.url(),
    number: z.int().positive(),
    priority: z.enum(['low', 'medium', 'high', 'urgent']),
    tags: z.array(z.string()),
    estimatedTokens: z.int().positive().nullable(),
  }),
  project: z.object({
    name: z.string(),
    repoUrl: z.url(),
    defaultBranch: z.string(),
    contextFile: z.string(),
  }),
  git: z.object({ url: z.url(), branch: z.string(), base: z.string(), username: z.string() }),
  workspace: z.object({ setup: z.string().nullable(), verify: z.string().nullable() }),
  model: z.string().nullable(),
  tokenBudget: z.int().positive().nullable(),
  wallClockSeconds: z.int().positive(),
  context: z.object({ markdown: z.string(), sha256: z.string(), tokens: z.int() }),
})
export type Assignment = z.infer<typeof Assignment>
