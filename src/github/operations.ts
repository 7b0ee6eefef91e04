/** A permission of a GitHub App that this app may ask for. */
export type Permission = 'metadata' | 'issues' | 'pull_requests' | 'contents'
export type PermissionLevel = 'read' | 'write'

/** One REST operation of GitHub, by the operationId of GitHub's own OpenAPI description. */
export type Operation = {
  readonly route: `${'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'} /${string}`
  /** `app`: signed with the app's key. `installation`: with an installation token. */
  readonly as: 'app' | 'installation'
  /** Null when the operation needs no permission of the installation. */
  readonly permission: Permission | null
  readonly level: PermissionLevel | null
  /** Counts against GitHub's limit of content-creating calls: comments, their edits, pull requests. */
  readonly createsContent: boolean
  /** Sending it twice leaves the same state as sending it once. What is not repeatable is looked for first. */
  readonly repeatable: boolean
}

/**
 * Every REST operation that this app calls; the client refuses all others, so the list is complete by
 * construction. The permissions are those of GitHub's page "Permissions required for GitHub Apps".
 */
// biome-ignore format: one row per line
export const operations = {
  'apps/get-authenticated': { route: 'GET /app', as: 'app', permission: null, level: null, createsContent: false, repeatable: true },
  'apps/get-repo-installation': { route: 'GET /repos/{owner}/{repo}/installation', as: 'app', permission: null, level: null, createsContent: false, repeatable: true },
  'apps/create-installation-access-token': { route: 'POST /app/installations/{installation_id}/access_tokens', as: 'app', permission: null, level: null, createsContent: false, repeatable: true },
  'apps/list-webhook-deliveries': { route: 'GET /app/hook/deliveries', as: 'app', permission: null, level: null, createsContent: false, repeatable: true },
  'apps/redeliver-webhook-delivery': { route: 'POST /app/hook/deliveries/{delivery_id}/attempts', as: 'app', permission: null, level: null, createsContent: false, repeatable: true },
  'users/get-by-username': { route: 'GET /users/{username}', as: 'installation', permission: null, level: null, createsContent: false, repeatable: true },
  'repos/get': { route: 'GET /repos/{owner}/{repo}', as: 'installation', permission: 'metadata', level: 'read', createsContent: false, repeatable: true },
  'repos/get-collaborator-permission-level': { route: 'GET /repos/{owner}/{repo}/collaborators/{username}/permission', as: 'installation', permission: 'metadata', level: 'read', createsContent: false, repeatable: true },
  'repos/get-content': { route: 'GET /repos/{owner}/{repo}/contents/{path}', as: 'installation', permission: 'contents', level: 'read', createsContent: false, repeatable: true },
  'issues/get': { route: 'GET /repos/{owner}/{repo}/issues/{issue_number}', as: 'installation', permission: 'issues', level: 'read', createsContent: false, repeatable: true },
  'issues/list-comments': { route: 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments', as: 'installation', permission: 'issues', level: 'read', createsContent: false, repeatable: true },
  'issues/create-comment': { route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments', as: 'installation', permission: 'issues', level: 'write', createsContent: true, repeatable: false },
  'issues/update-comment': { route: 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', as: 'installation', permission: 'issues', level: 'write', createsContent: true, repeatable: true },
  'issues/add-labels': { route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/labels', as: 'installation', permission: 'issues', level: 'write', createsContent: false, repeatable: true },
  'issues/remove-label': { route: 'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}', as: 'installation', permission: 'issues', level: 'write', createsContent: false, repeatable: true },
  'reactions/create-for-issue': { route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/reactions', as: 'installation', permission: 'issues', level: 'write', createsContent: false, repeatable: true },
  'reactions/create-for-issue-comment': { route: 'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', as: 'installation', permission: 'issues', level: 'write', createsContent: false, repeatable: true },
  'pulls/list': { route: 'GET /repos/{owner}/{repo}/pulls', as: 'installation', permission: 'pull_requests', level: 'read', createsContent: false, repeatable: true },
  'pulls/get': { route: 'GET /repos/{owner}/{repo}/pulls/{pull_number}', as: 'installation', permission: 'pull_requests', level: 'read', createsContent: false, repeatable: true },
  'pulls/create': { route: 'POST /repos/{owner}/{repo}/pulls', as: 'installation', permission: 'pull_requests', level: 'write', createsContent: true, repeatable: false },
} as const satisfies Record<string, Operation>

export type OperationId = keyof typeof operations

/** What the git gateway needs beside the REST operations: to fetch from and push to GitHub over HTTPS. */
export const gitPermissions = { contents: 'write' } as const satisfies Partial<
  Record<Permission, PermissionLevel>
>
