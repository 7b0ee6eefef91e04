/** Every event and action that the local GitHub emits, by the names of GitHub's webhook description. */
export const emittedWebhooks: readonly string[] = [
  'ping',
  ...['created', 'deleted', 'suspend', 'unsuspend'].map((action) => `installation-${action}`),
  ...['added', 'removed'].map((action) => `installation-repositories-${action}`),
  ...[
    'renamed',
    'transferred',
    'deleted',
    'archived',
    'unarchived',
    'edited',
    'publicized',
    'privatized',
  ].map((action) => `repository-${action}`),
  ...[
    'opened',
    'edited',
    'closed',
    'reopened',
    'labeled',
    'unlabeled',
    'assigned',
    'unassigned',
    'deleted',
    'transferred',
    'locked',
    'unlocked',
  ].map((action) => `issues-${action}`),
  ...['created', 'edited', 'deleted'].map((action) => `issue-comment-${action}`),
  ...[
    'opened',
    'edited',
    'closed',
    'reopened',
    'synchronize',
    'labeled',
    'unlabeled',
    'assigned',
    'unassigned',
    'locked',
    'unlocked',
  ].map((action) => `pull-request-${action}`),
  'push',
  'create',
  'delete',
  'label-created',
]

/** The name under which GitHub describes an event: `issue_comment` + `created` -> `issue-comment-created`. */
export function webhookName(event: string, action: string | null): string {
  return [event, action]
    .filter((part) => part !== null)
    .join('-')
    .replaceAll('_', '-')
}
