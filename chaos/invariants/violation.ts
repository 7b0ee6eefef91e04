/** What must hold. The first seven are looked at all along where they can be, all at the end. */
export const INVARIANTS = {
  'one-pull-request': 'each task ends with exactly one pull request or an honest needs-human',
  'one-session': 'a task has at most one live session',
  'one-status-comment': 'a task has exactly one status comment',
  fencing: 'no push reaches GitHub after the lease of its session',
  'no-orphan-process': 'nothing that a session started outlives it',
  'no-leftover-directory': 'no directory or worktree of a session is left',
  'no-live-token': 'the token of an ended session opens nothing',
  convergence: 'everything converges within two lease times after the last fault',
  'database-rules': 'the rules of the whole database hold at any moment',
} as const
export type Invariant = keyof typeof INVARIANTS

export interface Violation {
  readonly invariant: Invariant
  /** Names what it is about: `maya/alpha#7`, `session 12`, a path. The same one is told once. */
  readonly subject: string
  readonly detail: string
  /** Whose history helps to understand it. */
  readonly taskId?: number
}
