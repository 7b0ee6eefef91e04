import type { Level, Permissions } from './store/installation.ts'

/** What an installation token must hold to call an operation. */
export interface Requirement {
  permission: string
  level: Level
  /** A second permission that is enough as well: pull requests are issues. */
  or?: string
}

const metadata: Requirement = { permission: 'metadata', level: 'read' }
const need = (permission: string, level: Level, or?: string): Requirement => ({
  permission,
  level,
  ...(or && { or }),
})
const issues = (level: Level) => need('issues', level, 'pull_requests')

/** Emulated operation -> what GitHub asks of an installation token for it. */
export const permissionTable: Readonly<Record<string, Requirement>> = {
  'apps/list-repos-accessible-to-installation': metadata,
  'repos/get': metadata,
  'repos/update': need('administration', 'write'),
  'repos/delete': need('administration', 'write'),
  'repos/transfer': need('administration', 'write'),
  'repos/get-collaborator-permission-level': metadata,
  'repos/add-collaborator': need('administration', 'write'),
  'repos/remove-collaborator': need('administration', 'write'),
  'issues/list-for-repo': issues('read'),
  'issues/create': need('issues', 'write'),
  'issues/get': issues('read'),
  'issues/update': issues('write'),
  'issues/lock': issues('write'),
  'issues/unlock': issues('write'),
  'issues/list-comments': issues('read'),
  'issues/list-comments-for-repo': issues('read'),
  'issues/get-comment': issues('read'),
  'issues/create-comment': issues('write'),
  'issues/update-comment': issues('write'),
  'issues/delete-comment': issues('write'),
  'issues/list-labels-on-issue': issues('read'),
  'issues/add-labels': issues('write'),
  'issues/set-labels': issues('write'),
  'issues/remove-label': issues('write'),
  'issues/list-labels-for-repo': issues('read'),
  'issues/create-label': issues('write'),
  'issues/get-label': issues('read'),
  'reactions/list-for-issue': issues('read'),
  'reactions/create-for-issue': issues('write'),
  'reactions/delete-for-issue': issues('write'),
  'reactions/list-for-issue-comment': issues('read'),
  'reactions/create-for-issue-comment': issues('write'),
  'reactions/delete-for-issue-comment': issues('write'),
  'pulls/list': need('pull_requests', 'read'),
  'pulls/create': need('pull_requests', 'write'),
  'pulls/get': need('pull_requests', 'read'),
  'pulls/update': need('pull_requests', 'write'),
  'pulls/list-files': need('pull_requests', 'read'),
  'pulls/list-commits': need('pull_requests', 'read'),
  'pulls/merge': need('contents', 'write'),
  'git/get-ref': need('contents', 'read'),
  'git/create-ref': need('contents', 'write'),
  'git/update-ref': need('contents', 'write'),
  'git/delete-ref': need('contents', 'write'),
  'actions/create-workflow-dispatch': need('actions', 'write'),
  'repos/list-branches': need('contents', 'read'),
  'repos/get-branch': need('contents', 'read'),
  'repos/get-content': need('contents', 'read'),
  'repos/create-or-update-file-contents': need('contents', 'write'),
  'repos/list-commits': need('contents', 'read'),
  'repos/compare-commits-with-basehead': need('contents', 'read'),
}

/** Operations that only the app itself may call, with its JSON web token. */
export const appOperations: readonly string[] = [
  'apps/get-authenticated',
  'apps/list-installations',
  'apps/get-installation',
  'apps/create-installation-access-token',
  'apps/get-repo-installation',
  'apps/list-webhook-deliveries',
  'apps/get-webhook-delivery',
  'apps/redeliver-webhook-delivery',
]

/** Operations for people only: an installation token is refused. */
export const userOperations: readonly string[] = [
  'users/get-authenticated',
  'repos/create-for-authenticated-user',
]

/** Operations that need no permission at all. */
export const openOperations: readonly string[] = ['users/get-by-username', 'rate-limit/get']

export const emulatedOperations: readonly string[] = [
  ...Object.keys(permissionTable),
  ...appOperations,
  ...userOperations,
  ...openOperations,
]

/** What the app asks for when the caller does not say otherwise. Not `workflows`. */
export const defaultAppPermissions: Permissions = {
  metadata: 'read',
  issues: 'write',
  pull_requests: 'write',
  contents: 'write',
  actions: 'write',
  checks: 'read',
  statuses: 'read',
  organization_projects: 'write',
}

const enough = (granted: Level | undefined, needed: Level) => granted === 'write' || granted === needed

/** True when the permissions of a token cover the requirement. */
export function covers(permissions: Permissions, requirement: Requirement): boolean {
  return [requirement.permission, requirement.or].some(
    (name) => name !== undefined && enough(permissions[name], requirement.level),
  )
}

/** GitHub's `x-accepted-github-permissions` header. */
export function acceptedHeader(requirement: Requirement): string {
  const names = [requirement.permission, ...(requirement.or ? [requirement.or] : [])]
  return names.map((name) => `${name}=${requirement.level}`).join('; ')
}
