import type { Assignment } from '../protocol/assignment.ts'

export type SessionPaths = { home: string; tmp: string; promptFile: string; usageFile: string }

/** The text by which processes of a session are recognised: its HOME belongs to no other session. */
export function sessionMarker(home: string): string {
  return `HOME=${home}`
}

/**
 * The whole environment of the programs of a session, built from nothing: neither the runner's own variables (its key
 * among them) nor the session token get in. `passEnv` is what the operator hands on by name.
 */
export function programEnvironment(
  assignment: Assignment,
  paths: SessionPaths,
  operator: { path: string; passEnv: Readonly<Record<string, string>> },
): Record<string, string> {
  const { session, task, git } = assignment
  const environment: Record<string, string> = {
    ...operator.passEnv,
    PATH: operator.path,
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    HOME: paths.home,
    TMPDIR: paths.tmp,
    GIT_CONFIG_NOSYSTEM: '1',
    MISSION_CONTROL_PROMPT_FILE: paths.promptFile,
    MISSION_CONTROL_USAGE_FILE: paths.usageFile,
    MISSION_CONTROL_SESSION: String(session.id),
    MISSION_CONTROL_TASK_NUMBER: String(task.number),
    MISSION_CONTROL_TASK_TITLE: task.title,
    MISSION_CONTROL_BRANCH: git.branch,
    MISSION_CONTROL_BASE: git.base,
    MISSION_CONTROL_MODE: session.mode,
    MISSION_CONTROL_MODEL: assignment.model ?? '',
    MISSION_CONTROL_TOKEN_BUDGET: assignment.tokenBudget === null ? '' : String(assignment.tokenBudget),
  }
  // A NUL cannot stand in an environment; an issue title could bring one.
  for (const [name, value] of Object.entries(environment)) environment[name] = value.replaceAll('\0', '')
  return environment
}
