/** What a context is built from: plain data that was gathered before. */

import type { Priority } from '../labels.ts'
import type { SessionMode } from '../task.ts'

export type RelatedIssue = {
  readonly number: number
  readonly title: string
  readonly outcome: string | null
}

/** `trusted` always means: the writer has the trigger right. Everybody else's text is fenced. */
export type ContextInput = {
  readonly task: { readonly number: number; readonly priority: Priority; readonly tags: readonly string[] }
  readonly project: { readonly name: string; readonly repoUrl: string }
  readonly branch: string
  /** The branch that the work is based on. */
  readonly base: string
  readonly mode: SessionMode
  /** Tokens that the session may spend; null for no limit. */
  readonly tokenBudget: number | null
  readonly contextFile: string
  readonly workspace: { readonly setup: string | null; readonly verify: string | null }
  readonly issue: {
    readonly title: string
    readonly body: string
    readonly author: string
    readonly trusted: boolean
  }
  /** Oldest first; `at` is ISO 8601. */
  readonly comments: readonly {
    readonly author: string
    readonly trusted: boolean
    readonly body: string
    readonly at: string
  }[]
  /** Agent instructions of the repository (AGENTS.md, ...), read from the base branch. */
  readonly repositoryInstructions: readonly { readonly path: string; readonly text: string }[]
  /** Files named in the issue that exist at the base commit. */
  readonly files: readonly { readonly path: string; readonly symbols: readonly string[] }[]
  readonly parent: RelatedIssue | null
  readonly blockedBy: readonly RelatedIssue[]
  readonly previousSession: { readonly agent: string; readonly summary: string } | null
  readonly reviewThreads: readonly {
    readonly id: string
    readonly path: string
    readonly line: number | null
    readonly author: string
    readonly trusted: boolean
    readonly body: string
  }[]
  readonly failingChecks: readonly { readonly name: string; readonly lastLines: string }[]
  /** 16 to 64 random letters and digits, new for every session. */
  readonly marker: string
  readonly limitTokens: number
}
