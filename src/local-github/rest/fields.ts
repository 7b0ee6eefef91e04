/** Query and body fields that an emulated operation takes; the others that GitHub knows are answered with 501. */
export const emulatedFields: Readonly<Record<string, readonly string[]>> = {
  'apps/create-installation-access-token': ['repositories', 'repository_ids', 'permissions'],
  'apps/list-webhook-deliveries': ['cursor', 'status'],
  'repos/update': [
    'name',
    'description',
    'private',
    'visibility',
    'archived',
    'default_branch',
    'delete_branch_on_merge',
    'allow_merge_commit',
    'allow_squash_merge',
    'allow_rebase_merge',
  ],
  'repos/transfer': ['new_owner', 'new_name'],
  'repos/create-for-authenticated-user': ['name', 'description', 'private', 'auto_init'],
  'repos/add-collaborator': ['permission'],
  'issues/list-for-repo': ['state', 'assignee', 'creator', 'labels', 'sort', 'direction', 'since'],
  'issues/create': ['title', 'body', 'labels', 'assignee', 'assignees'],
  'issues/update': ['title', 'body', 'state', 'state_reason', 'labels', 'assignee', 'assignees'],
  'issues/lock': ['lock_reason'],
  'issues/list-comments': ['since'],
  'issues/list-comments-for-repo': ['sort', 'direction', 'since'],
  'issues/create-comment': ['body'],
  'issues/update-comment': ['body'],
  'issues/add-labels': ['labels'],
  'issues/set-labels': ['labels'],
  'issues/create-label': ['name', 'color', 'description'],
  'reactions/list-for-issue': ['content'],
  'reactions/list-for-issue-comment': ['content'],
  'reactions/create-for-issue': ['content'],
  'reactions/create-for-issue-comment': ['content'],
  'pulls/list': ['state', 'head', 'base', 'sort', 'direction'],
  'pulls/create': ['title', 'body', 'head', 'base', 'draft', 'maintainer_can_modify'],
  'pulls/update': ['title', 'body', 'state', 'base', 'maintainer_can_modify'],
  'pulls/merge': ['commit_title', 'commit_message', 'sha', 'merge_method'],
  'git/create-ref': ['ref', 'sha'],
  'git/update-ref': ['sha', 'force'],
  'actions/create-workflow-dispatch': ['ref', 'inputs', 'return_run_details'],
  'repos/list-branches': ['protected'],
  'repos/list-commits': ['sha', 'since', 'until'],
  'repos/get-content': ['ref'],
  'repos/create-or-update-file-contents': ['message', 'content', 'sha', 'branch', 'author'],
}

const paging = ['per_page', 'page']

/** The fields of a request that exist at GitHub but are not emulated. */
export function fieldsNotEmulated(operationId: string, query: object, body: unknown): string[] {
  const known = [...paging, ...(emulatedFields[operationId] ?? [])]
  const given = typeof body === 'object' && body !== null && !Array.isArray(body) ? Object.keys(body) : []
  return [...Object.keys(query), ...given].filter((name) => !known.includes(name))
}
