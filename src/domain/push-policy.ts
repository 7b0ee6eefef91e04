/** Whether a push of a session may be published. Pure: the gateway gathers the facts in its quarantine. */

import { foreignClosings } from './commit-message.ts'
import { matchesAny } from './glob.ts'
import type { SecretFinding } from './secrets.ts'

type PushCommand = {
  /** Full name, for example `refs/heads/agent/...`. */
  readonly ref: string
  readonly kind: 'create' | 'update' | 'delete'
  /** Whether the new commit descends from the one that is published now; true for a create. */
  readonly fastForward: boolean
}

export type PushFacts = {
  /** The session's branch, without `refs/heads/`. */
  readonly branch: string
  readonly commands: readonly PushCommand[]
  /** Paths that differ from the merge base with the default branch, both names of a rename. */
  readonly changedPaths: readonly string[]
  readonly allow: readonly string[]
  readonly protect: readonly string[]
  readonly bytes: number
  readonly limits: { readonly megabytes: number; readonly files: number }
  readonly commitMessages: readonly string[]
  /** The task's own issue: its number, and `owner/name` of its repository. */
  readonly issue: { readonly number: number; readonly repository: string }
  readonly secrets: readonly (SecretFinding & { readonly path: string })[]
}

const pushRefusals = [
  'no_commands',
  'other_branch',
  'deletes_branch',
  'not_fast_forward',
  'too_large',
  'too_many_files',
  'bad_path',
  'workflow_file',
  'protected_path',
  'path_not_allowed',
  'secret',
  'closes_other_issue',
] as const
type PushRefusal = (typeof pushRefusals)[number]

export type PushDecision =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly code: PushRefusal
      /** One line of printable text that `git push` shows to whoever pushed. */
      readonly sentence: string
      /** True when a person has to look: the work holds something that must not be published. */
      readonly needsHuman: boolean
    }

const megabyte = 1_000_000

/** Never published, whatever the project allows: the app has no right to change workflows, and agents get none. */
const workflowPaths = ['.github/workflows/**']

/** Decides on a push as a whole. The first rule that it breaks is the one that it is refused for. */
export function decidePush(facts: PushFacts): PushDecision {
  const checks = [checkCommands, checkSize, checkPaths, checkSecrets, checkMessages]
  for (const check of checks) {
    const decision = check(facts)
    if (!decision.ok) return decision
  }
  return { ok: true }
}

/** Decides on the command list alone, before a pack has been read. */
export function checkCommands(facts: Pick<PushFacts, 'branch' | 'commands'>): PushDecision {
  const [first, ...others] = facts.commands
  const own = `refs/heads/${facts.branch}`
  if (first === undefined) return refuse('no_commands', 'the push changes nothing')
  const foreign = facts.commands.find((command) => command.ref !== own)
  if (foreign !== undefined) {
    return refuse(
      'other_branch',
      `this session may push to ${facts.branch} only, not to ${show(short(foreign.ref))}`,
    )
  }
  if (others.length > 0) return refuse('other_branch', `the push names ${facts.branch} more than once`)
  if (first.kind === 'delete') return refuse('deletes_branch', `${facts.branch} may not be deleted`)
  if (!first.fastForward) {
    return refuse(
      'not_fast_forward',
      `the push would rewrite published commits of ${facts.branch}: fetch, put your commits on top and push again`,
    )
  }
  return { ok: true }
}

function checkSize(facts: PushFacts): PushDecision {
  if (facts.bytes > facts.limits.megabytes * megabyte) {
    return refuse('too_large', `the push is larger than ${facts.limits.megabytes} MB`)
  }
  if (facts.changedPaths.length > facts.limits.files) {
    const count = facts.changedPaths.length
    return refuse(
      'too_many_files',
      `the branch changes ${count} files; the project allows ${facts.limits.files}`,
    )
  }
  return { ok: true }
}

/** Paths are compared without case where they protect something: on some disks `.GitHub` is `.github`. */
function checkPaths(facts: PushFacts): PushDecision {
  for (const path of facts.changedPaths) {
    if (
      path
        .split('/')
        .some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git')
    ) {
      return refuse('bad_path', `${show(path)} is not a path that may be published`)
    }
    if (matchesAny(workflowPaths, path, { ignoreCase: true })) {
      return refuse(
        'workflow_file',
        `${show(path)} is a workflow file; agents may not change workflows`,
        true,
      )
    }
    if (matchesAny(facts.protect, path, { ignoreCase: true })) {
      return refuse('protected_path', `${show(path)} is protected by the project (paths.protect)`, true)
    }
    if (!matchesAny(facts.allow, path)) {
      return refuse(
        'path_not_allowed',
        `${show(path)} is outside what the project allows (paths.allow)`,
        true,
      )
    }
  }
  return { ok: true }
}

function checkSecrets(facts: PushFacts): PushDecision {
  const [first, ...others] = facts.secrets
  if (first === undefined) return { ok: true }
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  const where = `${show(first.path)}:${first.line}`
  return refuse(
    'secret',
    `${where} looks like a secret (${first.rule})${more}: take it out of every commit`,
    true,
  )
}

function checkMessages(facts: PushFacts): PushDecision {
  for (const message of facts.commitMessages) {
    const [closing] = foreignClosings(message, facts.issue)
    if (closing !== undefined) {
      const rule = `a commit of this task may close #${facts.issue.number} only`
      return refuse('closes_other_issue', `a commit message says "${show(closing)}"; ${rule}`)
    }
  }
  return { ok: true }
}

function refuse(code: PushRefusal, sentence: string, needsHuman = false): PushDecision {
  return { ok: false, code, sentence, needsHuman }
}

const short = (ref: string): string => ref.replace(/^refs\/heads\//, '')

/** What agents chose is shown without control and invisible characters, and cut: it ends in a terminal. */
function show(text: string): string {
  const printable = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
  return printable.length > 120 ? `${printable.slice(0, 119)}…` : printable
}
